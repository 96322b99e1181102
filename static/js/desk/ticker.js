// A worker that only counts time: browsers slow the timers of pages in the background down to one
// a minute, which would make an agent in another tab look gone.
setInterval(() => postMessage("tick"), 5_000);
