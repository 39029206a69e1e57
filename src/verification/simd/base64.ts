/** @file Base64 to bytes, without what only browsers or only Node have. */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

/** @param text with padding, without line ends */
export function decodeBase64(text: string): Uint8Array {
  const digits = text.replace(/=+$/, ""),
    bytes = new Uint8Array(Math.floor((digits.length * 3) / 4))
  for (let i = 0, bits = 0, held = 0, at = 0; i < digits.length; i++) {
    bits = ((bits << 6) | alphabet.indexOf(digits[i])) & 0xffff
    held += 6
    if (held >= 8) bytes[at++] = (bits >> (held -= 8)) & 0xff
  }
  return bytes
}
