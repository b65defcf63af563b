// A view that looks again and again while it is open; what it sees each time is its own (`see`).

export class Looking {
  constructor(everyMs) {
    this.everyMs = everyMs;
  }

  open() {
    this.running = true;
    this.look();
  }

  close() {
    this.running = false;
    clearTimeout(this.timer);
  }

  async look() {
    await this.see();
    clearTimeout(this.timer);
    if (this.running) this.timer = setTimeout(() => this.look(), this.everyMs);
  }
}
