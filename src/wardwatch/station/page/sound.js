// In: the highest priority of all alarms. Out: its tone, by IEC 60601-1-8: ten pulses for high, three for medium, one for low.

const PULSES = { high: [0, 0.2, 0.4, 0.8, 1.0, 2.0, 2.2, 2.4, 2.8, 3.0], medium: [0, 0.25, 0.5], low: [0] };
const EVERY = { high: 6, medium: 15, low: 30 }; // seconds between the beginnings of two bursts
const PITCH = { high: 880, medium: 660, low: 520 };
const LENGTH = 0.14;

export class Sound {
  constructor() {
    this.context = null;
    this.priority = "";
    this.timer = 0;
  }

  /** Browsers allow sound only after somebody asked for it. @returns {boolean} whether it is on now */
  turn() {
    if (this.context) {
      clearInterval(this.timer);
      this.context.close();
      this.context = null;
    } else {
      this.context = new AudioContext();
      this.priority = "";
    }
    return this.context !== null;
  }

  tell(priority) {
    if (!this.context || priority === this.priority) return;
    this.priority = priority;
    clearInterval(this.timer);
    if (!priority) return;
    this.burst();
    this.timer = setInterval(() => this.burst(), EVERY[priority] * 1000);
  }

  burst() {
    for (const start of PULSES[this.priority]) this.pulse(this.context.currentTime + start);
  }

  pulse(at) {
    const tone = this.context.createOscillator();
    const gain = this.context.createGain();
    tone.frequency.value = PITCH[this.priority];
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.25, at + 0.02);
    gain.gain.linearRampToValueAtTime(0, at + LENGTH);
    tone.connect(gain).connect(this.context.destination);
    tone.start(at);
    tone.stop(at + LENGTH);
  }
}
