import { type DecisionRecord, formatActorChain } from '@resource-server/express'
import sqlite from 'node-sqlite3-wasm'

/** One row for a decision, one for each of its actors: `position` 0 acts now, the others acted before. */
const schema = `
  CREATE TABLE IF NOT EXISTS decision (
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT,
    issuer TEXT,
    subject TEXT,
    request TEXT,
    chain TEXT,
    record TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS actor (
    decision INTEGER NOT NULL REFERENCES decision (id),
    position INTEGER NOT NULL,
    issuer TEXT NOT NULL,
    name TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS decision_subject ON decision (issuer, subject, time);
  CREATE INDEX IF NOT EXISTS actor_name ON actor (name, position, decision);
`

export interface Deed {
  readonly time: string
  readonly request: string
  readonly outcome: string
  readonly chain: string
}

/** Names are unique only within their issuer, so an issuer is part of the question. */
export interface Question {
  readonly issuer: string
  readonly actor: string
  readonly subject: string
  /** The start, RFC 3339 in UTC, such as today's midnight. */
  readonly since: string
}

/** Decision records in a file. Writing is synchronous, and comes after the answer that it is about. */
export class DecisionStore {
  readonly #database: InstanceType<typeof sqlite.Database>

  constructor(file: string) {
    this.#database = new sqlite.Database(file)
    this.#database.exec(schema)
  }

  /** For `onDecision`. What it throws is counted as a lost record. */
  readonly write = (record: DecisionRecord): void => {
    const { time, outcome, code, issuer, subject, request, chain } = record
    const { lastInsertRowid } = this.#database.run(
      `INSERT INTO decision (time, outcome, code, issuer, subject, request, chain, record)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        ...[time, outcome, code ?? null, issuer ?? null, subject ?? null],
        request ? `${request.method} ${request.path ?? request.route ?? ''}` : null,
        formatActorChain(record),
        JSON.stringify(record),
      ],
    )
    for (const [position, actor] of (chain?.actors ?? []).entries())
      this.#database.run(
        'INSERT INTO actor (decision, position, issuer, name) VALUES (?, ?, ?, ?)',
        [...[lastInsertRowid, position, actor.issuer, actor.clientId ?? actor.subject]],
      )
  }

  /** What this actor did on behalf of this user: as the one who acted, not as one who acted before. */
  deedsOf({ issuer, actor, subject, since }: Question): Deed[] {
    return this.#database.all(
      `SELECT time, request, outcome, chain
       FROM decision JOIN actor ON actor.decision = decision.id AND actor.position = 0
       WHERE decision.issuer = ? AND decision.subject = ? AND actor.issuer = ? AND actor.name = ?
         AND decision.time >= ?
       ORDER BY decision.time, decision.id`,
      [issuer, subject, issuer, actor, since],
    ) as unknown as Deed[]
  }

  close(): void {
    this.#database.close()
  }
}
