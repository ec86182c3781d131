import { headerValues, type RawResponse } from './raw-http.ts'

/** A challenge starts with a scheme that is followed by a space or by the end: RFC 9110 section 11.6.1. */
const challengeStart =
  /(?:^|,)[ \t]*(?=[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]+[^\s=,]|[ \t]*(?:,|$)))/g

/**
 * The challenges of a response, in order. The list is the same whether the host sends one header for
 * each challenge or joins them with commas.
 */
export function challengesOf(response: Pick<RawResponse, 'headers'>): readonly string[] {
  return headerValues(response, 'www-authenticate').flatMap(splitChallenges)
}

function splitChallenges(value: string): readonly string[] {
  // Quoted strings are masked with text of the same length, so that offsets stay the same.
  const masked = value.replace(/"(?:[^"\\]|\\.)*"/g, (text) => '"'.repeat(text.length))
  const starts = [...masked.matchAll(challengeStart)].map((match) => match.index + match[0].length)
  return starts.map((from, at) => value.slice(from, starts[at + 1]).replace(/,\s*$/, ''))
}
