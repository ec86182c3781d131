import { quote } from './quote.ts'

/** An object with its names so far and the current one, or an array with the current index. */
type Container =
  | { readonly names: Set<string>; name: string; expectsName: boolean }
  | { index: number }

/**
 * Names a duplicate member and where it is. Reads the text again, so it runs only if there is one. The text
 * is valid JSON.
 */
export function describeDuplicate(text: string): string {
  const containers: Container[] = []
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (character === '{') containers.push({ names: new Set(), name: '', expectsName: true })
    else if (character === '[') containers.push({ index: 0 })
    else if (character === '}' || character === ']') containers.pop()
    else if (character === ',') startNext(containers.at(-1)!)
    else if (character === '"') {
      const end = endOfText(text, at)
      if (!addText(containers.at(-1)!, text.slice(at, end))) break
      at = end - 1
    }
  }
  return `duplicate member ${placeOf(containers)}`
}

function startNext(container: Container): void {
  if ('index' in container) container.index += 1
  else container.expectsName = true
}

/** Returns false if the text is a name that its object already has. */
function addText(container: Container, json: string): boolean {
  if (!('names' in container) || !container.expectsName) return true
  container.expectsName = false
  container.name = JSON.parse(json) as string
  const isNew = !container.names.has(container.name)
  container.names.add(container.name)
  return isNew
}

/** Returns the index after the closing quote. */
function endOfText(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** Such as: "kid" in "keys[2]". */
function placeOf(containers: readonly Container[]): string {
  const steps = containers.map((one) => ('names' in one ? `.${one.name}` : `[${one.index}]`))
  const name = quote(steps.pop()!.slice(1))
  return steps.length === 0 ? name : `${name} in ${quote(steps.join('').slice(1))}`
}
