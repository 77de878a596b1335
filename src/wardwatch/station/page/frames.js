// In: a binary frame as it came over the WebSocket. Out: the state of beds, or samples of waves.
//
// Byte 0 says what a frame is. STATE: the rest is JSON in UTF-8. WAVES, little endian: for each set the bed (u16), its
// number since the monitor appeared (u32), how many signals (u8), and for each its signal (u8), count (u16), samples (u8).

export const STATE = 1;
export const WAVES = 2;
export const SIGNALS = ["I", "II", "III", "PLETH", "RESP"];
export const RATES = { I: 256, II: 256, III: 256, PLETH: 256, RESP: 128 };

const HEAD = 7;

/** @param {ArrayBuffer} frame @returns {{state: object} | {sets: Array<{bed: number, number: number, waves: Object<string, Uint8Array>}>}} */
export function decode(frame) {
  const kind = new DataView(frame).getUint8(0);
  if (kind === STATE) return { state: JSON.parse(new TextDecoder().decode(new Uint8Array(frame, 1))) };
  if (kind === WAVES) return { sets: readSets(frame) };
  throw new Error(`a frame of kind ${kind} is not known`);
}

function readSets(frame) {
  const view = new DataView(frame);
  const sets = [];
  for (let at = 1; at < frame.byteLength; ) {
    const set = { bed: view.getUint16(at, true), number: view.getUint32(at + 2, true), waves: {} };
    const signals = view.getUint8(at + 6);
    at += HEAD;
    for (let each = 0; each < signals; each += 1) {
      const count = view.getUint16(at + 1, true);
      set.waves[SIGNALS[view.getUint8(at)]] = new Uint8Array(frame, at + 3, count);
      at += 3 + count;
    }
    sets.push(set);
  }
  return sets;
}
