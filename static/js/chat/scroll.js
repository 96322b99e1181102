// Follows the end of the transcript while the reader is there, and leaves a reader who scrolled up
// in peace. "Jump to latest" brings them back.

const NEAR = 64;

export class Follower {
  constructor(scroller, content, jump) {
    this.scroller = scroller;
    this.jump = jump;
    this.isFollowing = true;
    this.lastTop = 0;
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    jump.addEventListener("click", () => this.toEnd());
    const observer = new ResizeObserver(() => this.keep());
    observer.observe(content);
    observer.observe(scroller);
  }

  /** After a change of the content: stay at the end if the reader was there. */
  keep() {
    if (this.isFollowing) this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#show();
  }

  toEnd() {
    this.isFollowing = true;
    this.keep();
  }

  #distance() {
    return this.scroller.scrollHeight - this.scroller.clientHeight - this.scroller.scrollTop;
  }

  // Only the reader scrolls upwards: what this class does never lowers scrollTop.
  #scrolled() {
    const top = this.scroller.scrollTop;
    if (top < this.lastTop - 2) this.isFollowing = this.#distance() < 8;
    else if (this.#distance() < NEAR) this.isFollowing = true;
    this.lastTop = top;
    this.#show();
  }

  #show() {
    this.jump.hidden = this.isFollowing || this.#distance() < NEAR;
  }
}
