import { type DecisionRecord, formatActorChain } from '@resource-server/express'
import sqlite from 'node-sqlite3-wasm'

/**
 * One row in `decision` for each decision, and one row in `actor` for each actor. The actor at
 * `position` 0 is the current actor; the others are prior actors.
 */
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

/** A decision about a request that an actor made for a user. */
export interface ActorRequest {
  readonly time: string
  readonly request: string
  readonly outcome: string
  readonly chain: string
}

/** What to search for. Names are unique only together with their issuer. */
export interface Query {
  readonly issuer: string
  readonly actor: string
  readonly subject: string
  /** The earliest time, in RFC 3339 and UTC. */
  readonly since: string
}

/** Stores decision records in a file. Writes are synchronous, after the response is sent. */
export class DecisionStore {
  readonly #database: InstanceType<typeof sqlite.Database>

  constructor(file: string) {
    this.#database = new sqlite.Database(file)
    this.#database.exec(schema)
  }

  /** Use this as `onDecision`. If it throws, the record counts as lost. */
  readonly write = (record: DecisionRecord): void => {
    const { time, outcome, code, issuer, subject, request, chain } = record
    const { lastInsertRowid } = this.#database.run(
      `INSERT INTO decision (time, outcome, code, issuer, subject, request, chain, record)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        time,
        outcome,
        code ?? null,
        issuer ?? null,
        subject ?? null,
        request ? `${request.method} ${request.path ?? request.route ?? ''}` : null,
        formatActorChain(record),
        JSON.stringify(record),
      ],
    )
    for (const [position, actor] of (chain?.actors ?? []).entries())
      this.#database.run(
        'INSERT INTO actor (decision, position, issuer, name) VALUES (?, ?, ?, ?)',
        [lastInsertRowid, position, actor.issuer, actor.clientId ?? actor.subject],
      )
  }

  /** Finds the requests that this actor made for this user as the current actor, not as a prior actor. */
  requestsBy({ issuer, actor, subject, since }: Query): ActorRequest[] {
    return this.#database.all(
      `SELECT time, request, outcome, chain
       FROM decision JOIN actor ON actor.decision = decision.id AND actor.position = 0
       WHERE decision.issuer = ? AND decision.subject = ? AND actor.issuer = ? AND actor.name = ?
         AND decision.time >= ?
       ORDER BY decision.time, decision.id`,
      [issuer, subject, issuer, actor, since],
    ) as unknown as ActorRequest[]
  }

  close(): void {
    this.#database.close()
  }
}
