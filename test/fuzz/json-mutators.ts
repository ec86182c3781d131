import type { Random } from './random.ts'
import { oddText } from './values.ts'

/** Members as text, so that they can be written twice, in any order, and as no JSON at all. */
type Members = [name: string, value: string][]

type Change = (
  members: Members,
  random: Random,
  names: readonly string[],
  fitting: readonly string[],
) => void

const changes: readonly Change[] = [
  // Left out.
  (members, random) => void members.splice(random.below(members.length), 1),
  // Another value.
  (members, random, _, fitting) => {
    const member = random.pick(members)
    if (member) member[1] = oddText(random, fitting)
  },
  // One more.
  (members, random, names, fitting) =>
    void members.splice(random.below(members.length + 1), 0, [
      JSON.stringify(random.pick(names)),
      oddText(random, fitting),
    ]),
  // Twice.
  (members, random, _, fitting) => {
    const member = random.pick(members)
    if (member) members.push([member[0], random.chance(0.5) ? member[1] : oddText(random, fitting)])
  },
  // Its name escaped, so that the text differs and the name does not.
  (members, random) => {
    const member = random.pick(members)
    if (member)
      member[0] = member[0].replace(
        /[a-z]/,
        (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`,
      )
  },
  // Another name.
  (members, random, names) => {
    const member = random.pick(members)
    if (member) member[0] = JSON.stringify(random.pick(names))
  },
  // Its value in a list, or in an object.
  (members, random) => {
    const member = random.pick(members)
    if (member) member[1] = random.chance(0.5) ? `[${member[1]}]` : `{"a":${member[1]}}`
  },
]

const wholes: readonly ((text: string, random: Random) => string)[] = [
  (text) => text,
  (text) => text,
  (text) => text,
  (text, random) => text.slice(0, random.below(text.length)),
  (text, random) => text + random.pick([' ', '\n', '{}', ',', '\0', 'x', '//']),
  (text, random) => random.pick([' ', '\t\r\n', '\ufeff', '[', '\u00a0']) + text,
  (text) => `[${text}]`,
  (text, random) => {
    const at = random.below(text.length)
    return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1)
  },
]

/** A JSON object, changed in one to three places, as text. */
export function mutateJson(
  object: Readonly<Record<string, unknown>>,
  random: Random,
  names: readonly string[],
  fitting: readonly string[],
): string {
  const members: Members = Object.entries(object).map(([name, value]) => [
    JSON.stringify(name),
    JSON.stringify(value),
  ])
  for (let left = 1 + random.below(3); left > 0; left -= 1) {
    random.pick(changes)(members, random, names, fitting)
  }
  const text = `{${members.map(([name, value]) => `${name}:${value}`).join(',')}}`
  return random.pick(wholes)(text, random)
}
