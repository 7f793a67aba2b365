// The record seen from the pipeline: two frames per exchange, written before what they vouch for happens.
import type { AttemptRow, DecisionRow, FindingRow, RequestRow, AdminEventRow } from './rows.ts'

/** All rows of an exchange, as far as they are known. */
export interface ExchangeRows {
  readonly request: RequestRow
  readonly decisions: readonly DecisionRow[]
  readonly findings: readonly FindingRow[]
  readonly attempts: readonly AttemptRow[]
}

export interface RecordWriter {
  /** Before the first byte leaves to an upstream. Resolves when the frame is written; rejects with `record_unavailable` when it cannot be and the operator chose `block`. */
  opened(rows: ExchangeRows): Promise<void>
  /** Before the last event of the answer is released. Resolves when written; with `continue` also when it was counted as lost. */
  closed(rows: ExchangeRows): Promise<void>
  adminEvent(row: AdminEventRow): Promise<void>
  /** True while frames are accepted; `/readyz` and the refusal before dispatch read it. */
  readonly available: boolean
  /** Frames that `continue` let go. */
  readonly lost: number
  close(): Promise<void>
}
