import type { Random } from './random.ts'
import { unusualText } from './values.ts'

/** Members as text, so that they can be duplicated, reordered and malformed. */
type Members = [name: string, value: string][]

type Change = (
  members: Members,
  random: Random,
  names: readonly string[],
  fitting: readonly string[],
) => void

const changes: readonly Change[] = [
  // Removes a member.
  (members, random) => void members.splice(random.below(members.length), 1),
  // Replaces a value.
  (members, random, _, fitting) => {
    const member = random.pick(members)
    if (member) member[1] = unusualText(random, fitting)
  },
  // Adds a member.
  (members, random, names, fitting) =>
    void members.splice(random.below(members.length + 1), 0, [
      JSON.stringify(random.pick(names)),
      unusualText(random, fitting),
    ]),
  // Duplicates a member.
  (members, random, _, fitting) => {
    const member = random.pick(members)
    if (member)
      members.push([member[0], random.chance(0.5) ? member[1] : unusualText(random, fitting)])
  },
  // Escapes a character of a name. The name stays the same.
  (members, random) => {
    const member = random.pick(members)
    if (member)
      member[0] = member[0].replace(
        /[a-z]/,
        (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`,
      )
  },
  // Renames a member.
  (members, random, names) => {
    const member = random.pick(members)
    if (member) member[0] = JSON.stringify(random.pick(names))
  },
  // Wraps a value in a list or in an object.
  (members, random) => {
    const member = random.pick(members)
    if (member) member[1] = random.chance(0.5) ? `[${member[1]}]` : `{"a":${member[1]}}`
  },
]

const textChanges: readonly ((text: string, random: Random) => string)[] = [
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

/** Writes an object as JSON with one to three changes. */
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
  for (let remaining = 1 + random.below(3); remaining > 0; remaining -= 1) {
    random.pick(changes)(members, random, names, fitting)
  }
  const text = `{${members.map(([name, value]) => `${name}:${value}`).join(',')}}`
  return random.pick(textChanges)(text, random)
}
