/**
 * Escapes characters that are not visible, as in JSON: control characters (including C1), line separators, lone
 * surrogates, and those that reverse the text. Other characters stay as they are.
 */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escapeUnits)
}

function escapeUnits(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
