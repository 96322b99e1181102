// Promises (SLA clocks) as the desk shows them. Pure: everything that counts is in the arguments.

const ORDER = ["first_response", "next_response", "resolution"];

/** Seconds left of a clock that was told at `at` (ms), as of `now`; counts only while it ticks. */
export function secondsLeft(clock, at, now, closesAt = Infinity) {
  if (!clock.ticking) return clock.seconds_left;
  const until = Math.min(now, Math.max(closesAt, at));
  return clock.seconds_left - Math.max(0, until - at) / 1000;
}

/** The promise that matters now: [name, clock], or null where none runs. */
export function nextClock(row) {
  let best = null;
  for (const name of ORDER) {
    const clock = row.sla?.[name];
    if (!clock || !isLive(row, name, clock)) continue;
    if (!best || clock.seconds_left < best[1].seconds_left) best = [name, clock];
  }
  return best;
}

// A promise that was missed stays "breached" after it is kept, too; then it counts no more.
function isLive(row, name, clock) {
  if (row.state === "resolved" || row.state === "withdrawn") return false;
  if (clock.state === "running" || clock.state === "paused") return true;
  if (clock.state !== "breached") return false;
  return clock.ticking || (row.state === "waiting" && name === "first_response");
}

/** "calm" | "soon" | "late" | "paused" */
export function tone(clock, seconds) {
  if (clock.state === "paused") return "paused";
  if (seconds < 0) return "late";
  return seconds < 300 ? "soon" : "calm";
}

/** 75 -> "1:15", 4000 -> "1 h 6 m", 100000 -> "1 d 3 h". Signs are left to the words around it. */
export function formatSeconds(seconds) {
  const whole = Math.floor(Math.abs(seconds));
  if (whole < 3600) return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  const hours = Math.floor(whole / 3600);
  if (hours < 24) return `${hours} h ${Math.floor((whole % 3600) / 60)} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long ago, coarse: 40 s -> "<1 m", 300 -> "5 m". */
export function formatAge(seconds) {
  const minutes = Math.floor(Math.max(0, seconds) / 60);
  if (minutes < 1) return "<1 m";
  if (minutes < 60) return `${minutes} m`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} m` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
