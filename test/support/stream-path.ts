// The way of a streamed answer through the gateway without its sockets: reader, governor, writer, as the pipeline puts them together.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { bindForTools, openPolicySet } from '../../core/policy/toolbox.ts'
import { ContentScan } from '../../core/policy/content-scan.ts'
import { Judge } from '../../core/policy/judge.ts'
import { openAiChatReader, wireFor } from '../../core/wire/index.ts'
import { PLUGINS } from '../../core/plugins.ts'
import { StreamGovernor, type StreamHit } from '../../core/policy/stream-governor.ts'
import type { BoundPolicies } from '../../core/policy/bind.ts'
import type { Decision } from '../../core/policy/language.ts'
import type { Plugin, TargetView } from '../../core/plugin/contract.ts'
import type { StreamEvent } from '../../core/model/answer.ts'
import type { Target } from '../../core/model/target.ts'

/** Compiles a policy file and binds it; the caller closes `detection`. */
export function bindText(text: string, plugins: readonly Plugin[] = []): BoundPolicies {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-streams-'))
  try {
    writeFileSync(join(folder, 'test.policy'), text)
    const set = openPolicySet([folder], [...PLUGINS, ...plugins])
    const errors = set.diagnostics.filter(({ severity }) => severity === 'error')
    assert.deepEqual(errors, [])
    return bindForTools(set)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export interface Streamed {
  /** What the client gets, without an error event. */
  readonly sse: string
  readonly decision: Decision
  readonly hits: readonly StreamHit[]
  readonly failures: readonly unknown[]
  readonly heldMost: number
}

/** A stream of OpenAI's protocol in these pieces, under the policies on `stream`; attributes have their examples. */
export function streamThrough(bound: BoundPolicies, pieces: readonly (Buffer | string)[], wantsUsage = true): Streamed {
  const reader = openAiChatReader.openStream({} as Target)
  const hits: StreamHit[] = []
  const failures: unknown[] = []
  const governor = governorOf(
    bound,
    (hit) => hits.push(hit),
    (error) => failures.push(error),
  )
  const writer = wireFor('openai-chat').openStream({ guard: governor, wantsUsage, model: 'ours' })
  let sse = ''
  const take = (events: readonly StreamEvent[]): void => {
    for (const event of events) {
      if (governor.isStopped) return
      assert.ok(event.type !== 'error', JSON.stringify(event))
      sse += event.type === 'chunk' ? writer.chunk(event) : writer.finish()
    }
  }
  for (const piece of pieces) take(reader.push(Buffer.from(piece)))
  take(reader.end())
  return { sse, decision: governor.decision, hits, failures, heldMost: governor.heldMost }
}

export function governorOf(
  bound: BoundPolicies,
  onHit: (hit: StreamHit) => void = () => {},
  onFailure: (error: unknown) => void = () => {},
): StreamGovernor {
  const values = bound.program.slots.map((source, slot) => {
    if (source.kind === 'finding') return undefined
    const { attribute } = bound.resolvers[slot]!
    return attribute.optional ? null : (attribute.example ?? null)
  })
  const judge = new Judge(bound, { addTime() {}, skipped() {} }, values)
  const foreseen = judge.foresee('stream', {} as TargetView, new ContentScan(bound.detection, [], bound.scanDeadlineMs))
  assert.ok(!(foreseen instanceof Promise), 'an empty prompt is known at once')
  return new StreamGovernor(bound, judge, foreseen, onHit, onFailure)
}
