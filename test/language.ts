import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root } from '../scripts/run.mjs'

/** Where a text comes from: a Markdown page, a code comment, or a string literal. */
export type Place = 'page' | 'comment' | 'string'

/** A phrase that must not appear, and what to write instead. */
interface Row {
  readonly phrase: RegExp
  readonly instead: string
  /** Default: everywhere. */
  readonly where?: readonly Place[]
  /** A sentence that the row must catch. */
  readonly bad: string
  /** The same sentence, rewritten. */
  readonly good: string
}

/** A space in a phrase also matches a line break. */
const phrase = (source: string, flags = ''): RegExp =>
  new RegExp(source.replaceAll(' ', String.raw`\s+`), `g${flags}`)

export const rows: readonly Row[] = [
  {
    phrase: phrase(String.raw`\b(?:cannot|can|could|could not|to) be had\b`, 'i'),
    instead: 'is unavailable / is available',
    bad: 'The keys cannot be had.',
    good: 'The keys are unavailable.',
  },
  {
    phrase: phrase(String.raw`\b(?:is|are|was|were) had\b`, 'i'),
    instead: 'name the verb: was received, was fetched, exists',
    bad: 'It is fetched from where it was had.',
    good: 'It is fetched from the same URL.',
  },
  {
    phrase: phrase(String.raw`\bmend(?:s|ed|ing)?\b`, 'i'),
    instead: 'fix',
    bad: 'The reason says how to mend it.',
    good: 'The reason says how to fix it.',
  },
  {
    phrase: phrase(
      String.raw`(?<!\bthere) (?:is|are|was|were) no (?!longer|more|less|later|earlier|different|other)[a-z][\w-]*`,
      'i',
    ),
    instead: 'is not a / has no',
    bad: 'A prior actor is no actor.',
    good: 'A prior actor is not an actor. There is no other actor.',
  },
  {
    phrase: phrase(String.raw`\b(?:is|are) none of\b`, 'i'),
    instead: 'is not one of',
    where: ['string'],
    bad: "the token's typ is none of at+jwt, jwt",
    good: "the token's typ is not one of at+jwt, jwt",
  },
  {
    phrase: phrase(
      String.raw`(?<=\w[,;]? )(?:some|no|any|every)body\b|\b(?:some|no|any|every)body(?= \w)`,
      'i',
    ),
    instead: 'the caller, a client, an operator, a user',
    bad: 'A route without a guard lets anybody in.',
    good: 'A route without a guard accepts every caller.',
  },
  {
    phrase: phrase(String.raw`\bwhoever's\b`, 'i'),
    instead: 'whoever holds it',
    bad: "A bearer token is whoever's who holds it.",
    good: 'Whoever holds a bearer token can use it.',
  },
  {
    phrase: phrase(String.raw`\bbesides?\b`, 'i'),
    instead: 'in addition to / next to / other than',
    bad: 'Records hold these claims besides.',
    good: 'Records contain these claims in addition.',
  },
  {
    phrase: phrase(String.raw`(?<=[.:;] )Who [a-z]+s\b(?![^.]*\?)`),
    instead: 'start with a noun or with "if"',
    bad: 'It is published. Who subscribes later hears of later requests.',
    good: 'It is published. A later subscriber receives later requests. Who reads this?',
  },
  {
    phrase: phrase(String.raw`\bwhat (?:it|this|that|they) (?:throws?|rejects?)\b`, 'i'),
    instead: 'if it throws, …',
    bad: 'What it throws counts as no.',
    good: 'If it throws, the hint does not apply.',
  },
  {
    phrase: phrase(
      String.raw`\bof (?:its|theirs)(?=[.,;:)]| (?:is|are|was|were|that|which)\b)`,
      'i',
    ),
    instead: 'its promises, their keys',
    bad: 'too many promises of its are open',
    good: 'too many of its promises are pending',
  },
  {
    phrase: phrase(String.raw`\bpleas(?:e|es|ed|ing) (?:a|an|it|the)\b`, 'i'),
    instead: 'satisfy',
    bad: 'A value that pleases a function.',
    good: 'A value that satisfies a predicate. Please do not open an issue.',
  },
  {
    phrase: phrase(String.raw`\bbroke down\b`, 'i'),
    instead: 'failed / unexpected error',
    bad: 'the verification broke down',
    good: 'unexpected error during verification',
  },
  {
    phrase: phrase(String.raw`\bplainly spel(?:led|t)\b`, 'i'),
    instead: 'normalized',
    bad: 'no plainly spelled issuer',
    good: 'not a normalized issuer URL',
  },
  {
    phrase: phrase(String.raw`\bliv(?:e|es|ed) too long\b`, 'i'),
    instead: 'exceeds the maximum lifetime',
    bad: 'The access token lives too long',
    good: "The token's lifetime exceeds the maximum",
  },
  {
    phrase: phrase(String.raw`\bfresher\b`, 'i'),
    instead: 'newer, more recent',
    bad: 'A fresher sign-in is required',
    good: 'More recent authentication is required',
  },
  {
    phrase: phrase(String.raw`\bsmall letters\b`, 'i'),
    instead: 'lowercase',
    bad: 'in small letters',
    good: 'in lowercase',
  },
  {
    phrase: phrase(String.raw`\bletter by letter\b`, 'i'),
    instead: 'exactly',
    bad: 'compared letter by letter',
    good: 'compared exactly',
  },
  {
    phrase: phrase(String.raw`\bno text\b|\b(?:is|as) a text\b`, 'i'),
    instead: 'a string, not a string',
    bad: '`act` is a text',
    good: '`act` is a string',
  },
  {
    phrase: phrase(String.raw`\bverdicts?\b`, 'i'),
    instead: 'result, decision',
    bad: 'there is no verdict yet',
    good: 'there is no result yet',
  },
  {
    phrase: phrase(String.raw`\banew\b`, 'i'),
    instead: 'again',
    bad: 'judged anew at each use',
    good: 'checked again at each use',
  },
  {
    phrase: phrase(String.raw`\bundecided\b`, 'i'),
    instead: 'unavailable',
    bad: 'the outcome is undecided',
    good: 'the outcome is unavailable',
  },
  {
    phrase: phrase(
      String.raw`\ba wish\b|\bthe stor(?:y|ies)\b|\b(?:a|the|its) visits?\b|\bthe doors?\b`,
      'i',
    ),
    instead: 'a plain technical word: option, verification, request, entry point',
    bad: 'It tells the story of a token at the door, not a wish for the default.',
    good: 'It verifies a token. It does not select the default.',
  },
  {
    phrase: phrase(String.raw`\b(?:tak(?:e|es|en|ing)|took) away\b`, 'i'),
    instead: 'remove',
    bad: 'a key that the issuer took away',
    good: 'a key that the issuer removed',
  },
  {
    phrase: phrase(String.raw`\bst(?:ands?|ood) (?:in|at|on|there|behind)\b(?! for)`, 'i'),
    instead: 'is in, is at',
    bad: 'Every default stands in this file.',
    good: 'Every default is in this file. It stands in for the other one.',
  },
  {
    phrase: phrase(String.raw`\bhand(?:s|ed|ing)? over\b`, 'i'),
    instead: 'pass',
    bad: 'Hand over what requireScope returned.',
    good: 'Pass the guard that requireScope returned.',
  },
  {
    phrase: phrase(String.raw`\b(?:that|which) came(?! (?:from|out|with)\b)`, 'i'),
    instead: 'that was received',
    bad: 'a set that came replaces the one before',
    good: 'a set that is received replaces the previous one',
  },
  {
    phrase: phrase(String.raw`\bma(?:ke|kes|de) out of\b`, 'i'),
    instead: 'create from',
    bad: 'what it makes out of the claims',
    good: 'the token that it creates from the claims',
  },
  {
    phrase: phrase(String.raw`\bof no use\b`, 'i'),
    instead: 'cannot be used',
    bad: 'It is of no use in production.',
    good: 'Do not use it in production.',
  },
  {
    phrase: phrase(String.raw`\btokens? (?:is|are|was|were) of\b`, 'i'),
    instead: 'is from, belongs to',
    bad: 'The token is of another issuer.',
    good: 'The token is from another issuer.',
  },
  {
    phrase: phrase(String.raw`\w+ed all the same\b`, 'i'),
    instead: 'still',
    bad: 'A bad token is refused all the same.',
    good: 'A bad token is still refused. They are all the same.',
  },
  {
    phrase: phrase(String.raw`\b(?:serves?|served|counts?|applies|asks? the \w+) no more\b`, 'i'),
    instead: 'no longer',
    bad: 'Then it serves no more.',
    good: 'Then it is no longer used.',
  },
  {
    phrase: phrase(String.raw`\bserves? on(?=[.,;:)]| (?:for|where|while|until|because)\b)`, 'i'),
    instead: 'is still used',
    bad: 'The old set serves on for now.',
    good: 'The old set is still used for now.',
  },
  {
    phrase: phrase(
      String.raw`\bfor long(?=[.,;:)])|\bat all times\b|\bin turns\b|\bso many\b`,
      'i',
    ),
    instead: 'leave it out, or give the number',
    bad: 'Where nothing was heard for long, so many are run in turns.',
    good: 'After one hour, ten are run, alternating.',
  },
  {
    phrase: phrase(
      String.raw`(?<=[.:;] )Where (?:it|there|they|the|an?|no|one|another|none|that|nothing)\b(?![^.]*\?)`,
    ),
    instead: 'If …',
    bad: 'It is optional. Where there is none, the answer is 500.',
    good: 'It is optional. If there is none, the response is 500. Where the keys come from?',
  },
  {
    phrase: phrase(
      String.raw`, for (?:it|they|this|that|each|there) (?:is|are|was|has|have|may|can|would|often|takes)\b`,
      'i',
    ),
    instead: 'because',
    bad: 'The path is left out, for it often names a user.',
    good: 'The path is left out, because it often names a user.',
  },
  {
    phrase: phrase(String.raw`\bgot by\b`, 'i'),
    instead: 'obtained by, requested by',
    bad: 'the token was got by another client',
    good: 'another client obtained the token',
  },
  {
    phrase: phrase(
      String.raw`\ba (?:yes|no)(?=[.,;:)]| (?:as|is|in|from)\b)|\bsa(?:y|ys|id) (?:yes|no)(?=[.,;:)]| (?:to|too)\b)`,
      'i',
    ),
    instead: 'a refusal, accept, refuse',
    bad: 'A no, as data.',
    good: 'A refusal as a value. It says no more than that.',
  },
  {
    phrase: phrase(String.raw`\bonce an? \w+(?=[.,;:)])`, 'i'),
    instead: 'once for each …',
    bad: 'The issuer is asked once an outage.',
    good: 'The event is published once for each outage. Once a request is verified, it passes.',
  },
  {
    phrase: phrase(String.raw`\bas it may be\b`, 'i'),
    instead: 'leave it out',
    bad: 'be that as it may be',
    good: 'in any case',
  },
  {
    phrase: phrase(String.raw`\b(?:till|shall|hereby|therein|thereof|whereof|wherein)\b`, 'i'),
    instead: 'until, must, in it, of it',
    bad: 'It shall wait till then.',
    good: 'It must wait until then.',
  },
  {
    phrase: phrase(
      String.raw`\b(?:behaviour|colour|favour|honour|neighbour|licence|centre|organisation|(?:normal|recogn|author|serial|initial|summar|optim|custom)is(?:e|es|ed|ing|ation))\b`,
      'i',
    ),
    instead: 'American spelling',
    bad: 'It recognises the behaviour.',
    good: 'It recognizes the behavior.',
  },
]

/** A text file with everything that is not prose removed. Lines keep their numbers. */
export interface Text {
  readonly path: string
  readonly place: Place
  readonly prose: string
}

/** A phrase that was found. */
interface Finding {
  readonly path: string
  readonly line: number
  readonly found: string
  readonly instead: string
}

export function findPhrases(texts: readonly Text[]): Finding[] {
  return texts.flatMap(({ path, place, prose }) =>
    rows
      .filter(({ where }) => where?.includes(place) ?? true)
      .flatMap(({ phrase: pattern, instead }) =>
        [...prose.matchAll(pattern)].map((match) => {
          const start = match.index + match[0].search(/\S/)
          const line = prose.slice(0, start).split('\n').length
          return { path, line, found: match[0].trim().replaceAll(/\s+/g, ' '), instead }
        }),
      ),
  )
}

/** Stands for removed text, so that no phrase spans it. */
const gap = '\u0000'

const blank = (text: string): string => gap + text.replaceAll(/[^\n]/g, '')

/** The prose of a Markdown page: no code, no link targets, no comments. */
export function proseOfPage(markdown: string): string {
  return markdown
    .replaceAll(/^ *```[\s\S]*?^ *```/gm, blank)
    .replaceAll(/`[^`]*`|\]\([^)\s]*\)|https?:\/\/[^\s)]+|<!--[\s\S]*?-->/g, blank)
    .replaceAll(/^[ >]*(?:[-*] |\d+\. )?|\*\*?|\|/gm, (mark) => (mark === '|' ? gap : ' '))
}

/** The comments and the string literals of a TypeScript or JavaScript file. */
export function proseOfCode(source: string): { readonly comment: string; readonly string: string } {
  const prose = { comment: '', string: '' }
  const add = (comment: string, string: string): void => {
    prose.comment += comment
    prose.string += string
  }
  /** For each open template: how many braces are open in its current placeholder. */
  const templates: number[] = []
  let at = 0
  let previous = ''
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const taken = pattern.exec(source)?.[0]
    if (taken !== undefined) at += taken.length
    return taken
  }
  const takeTemplate = (): void => {
    const text = take(tokens.templateText)!
    add(blank(text), text)
    if (take(tokens.placeholder)) templates.push(0)
    else at += 1
    previous = 'x'
  }
  while (at < source.length) {
    const space = take(tokens.space)
    if (space !== undefined) {
      add(space, space)
      continue
    }
    const comment = take(tokens.comment)
    if (comment !== undefined) {
      add(comment.replaceAll(/^\s*(?:\/\*\*?|\/\/|\*\/?)|\*\/$/gm, ' '), blank(comment))
      continue
    }
    const string = take(tokens.string)
    if (string !== undefined) {
      add(blank(string), ` ${string.slice(1, -1).replaceAll(/\\['"]/g, "'")} `)
      previous = 'x'
      continue
    }
    if (take(tokens.backtick)) {
      takeTemplate()
      continue
    }
    if (mayPrecedeRegExp.test(previous)) {
      const regExp = take(tokens.regExp)
      if (regExp !== undefined) {
        add(gap, gap)
        previous = 'x'
        continue
      }
    }
    const word = take(tokens.word)!
    // `'a' + 'b'` is one text.
    add(gap, word === '+' ? ' ' : gap)
    previous = word
    const open = templates.at(-1)
    if (open === undefined) continue
    if (word === '{') templates.push(templates.pop()! + 1)
    if (word === '}' && open > 0) templates.push(templates.pop()! - 1)
    if (word === '}' && open === 0) {
      templates.pop()
      takeTemplate()
    }
  }
  return prose
}

/** Sticky, so that each matches at the current position only. */
const tokens = {
  space: /\s+/y,
  comment: /\/\/.*|\/\*[\s\S]*?\*\//y,
  string: /'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/y,
  backtick: /`/y,
  templateText: /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*/y,
  placeholder: /\$\{/y,
  regExp: /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/\w*/y,
  word: /[\w$]+|[\s\S]/y,
}
/** What a regular expression may follow. After anything else, a slash divides. */
const mayPrecedeRegExp = /^(?:|[([{},;:=!&|?+\-*%<>~^]|return|typeof|case|of|in|await|yield|void)$/

const untracked =
  /^(?:\.git|node_modules|dist|coverage|tarballs|sbom|\.stryker-tmp|\.cache|CHANGELOG\.md|LICENSE)$/
/** The phrases themselves, and data that others wrote. */
const excluded =
  /^test[\\/](?:language\.(?:test\.)?ts|security[\\/]corpus[\\/]|providers[\\/]tokens[\\/])/
const code = /^(?:packages|examples|scripts|test|bench)[\\/].*\.(?:ts|mjs)$/

/** The prose of all pages and all code. */
export function readTexts(directory = root): Text[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter(({ name }) => !untracked.test(name))
    .flatMap((entry): Text[] => {
      const file = join(directory, entry.name)
      if (entry.isDirectory()) return readTexts(file)
      const path = relative(root, file).replaceAll('\\', '/')
      if (excluded.test(path)) return []
      if (path.endsWith('.md')) {
        return [{ path, place: 'page', prose: proseOfPage(readFileSync(file, 'utf8')) }]
      }
      if (!code.test(path)) return []
      const { comment, string } = proseOfCode(readFileSync(file, 'utf8'))
      return [
        { path, place: 'comment', prose: comment },
        { path, place: 'string', prose: string },
      ]
    })
}

/** The folder that a file is counted under, such as `packages/core` or `docs`. */
export function folderOf(path: string): string {
  const [first, second, ...rest] = path.split('/')
  if (second === undefined) return 'the root folder'
  return rest.length > 0 && first !== 'docs' ? `${first}/${second}` : first!
}
