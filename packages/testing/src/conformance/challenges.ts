import { type Answer, valuesOf } from './raw-http.ts'

/** RFC 9110 section 11.6.1: the start of a challenge is a scheme followed by a space, or by the end. */
const start = /(?:^|,)[ \t]*(?=[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]+[^\s=,]|[ \t]*(?:,|$)))/g

/**
 * The challenges of an answer, one string each, in order: whether a host sends one header for each
 * or joins them with commas, the list is the same.
 */
export function challengesOf(answer: Pick<Answer, 'headers'>): readonly string[] {
  return valuesOf(answer, 'www-authenticate').flatMap(splitChallenges)
}

function splitChallenges(value: string): readonly string[] {
  // What stands in quotes is no syntax: it is blanked out, letter by letter, so that offsets stay.
  const bare = value.replace(/"(?:[^"\\]|\\.)*"/g, (text) => '"'.repeat(text.length))
  const starts = [...bare.matchAll(start)].map((match) => match.index + match[0].length)
  return starts.map((from, at) => value.slice(from, starts[at + 1]).replace(/,\s*$/, ''))
}
