// Findings as rows of the record: each once, with the verb that acted on it, whatever the exchange came to.
import assert from 'node:assert/strict'
import { bindText, governorOf } from '../../support/stream-path.ts'
import { ContentScan } from '../../../core/policy/content-scan.ts'
import { decide } from '../../../core/pipeline/decide.ts'
import { enact, editPrompt, type Enacted } from '../../../core/pipeline/enact.ts'
import { findingCountsOf, findingRowsOf, noteHit, noteRewrite } from '../../../core/pipeline/findings.ts'
import { GatewayError } from '../../../core/errors/gateway-error.ts'
import { Judge } from '../../../core/policy/judge.ts'
import { judgeAnswer } from '../../../core/pipeline/judge-answer.ts'
import { noteDecision } from '../../../core/pipeline/decide.ts'
import type { AnswerView, ExchangeView, TargetView } from '../../../core/plugin/contract.ts'
import type { BoundPolicies } from '../../../core/policy/bind.ts'
import type { Exchange } from '../../../core/pipeline/exchange.ts'
import type { Finding, Location, Part } from '../../../core/model/content.ts'
import type { Received } from '../../../core/pipeline/receive.ts'
import type { Target } from '../../../core/model/target.ts'

const CARD = '4111 1111 1111 1111'
const EMAIL = 'jo.smith@example.com'
const card = (phase: string, location: string, action: string): string => `${phase} ${location} payment_card ${action}`
const email = (phase: string, location: string, action: string): string => `${phase} ${location} email ${action}`

function partOf(location: Location, text: string, rewritable = true): Part {
  return { location, text, path: [location, text], rewritable, encoding: 'text' }
}

/** As much of an exchange as the account of its findings needs; its plugins bring nothing. */
function accountOf(bound: BoundPolicies, parts: readonly Part[]): { exchange: Exchange; received: Received } {
  const prompt = new ContentScan(bound.detection, parts, bound.scanDeadlineMs)
  const exchange = {
    prompt,
    completion: null,
    rewrites: null,
    heldFindings: null,
    findings: [],
    findingCounts: {},
    reasons: [],
    warnings: new Set(),
    labels: new Set(),
    holds: [],
    tokens: null,
    verdict: '',
    primaryPolicy: '',
    target: null,
    incoming: { governed: { dispatches: true } },
    snapshot: { bound, plugins: { openTokens: [] } },
    kernel: { findingKey: { id: 'k', key: Buffer.alloc(32) } },
  } as unknown as Exchange
  const judge = new Judge(bound, { addTime() {}, skipped() {} })
  return { exchange, received: { view: { request: {} } as ExchangeView, judge, prompt } }
}

function told(exchange: Exchange): string[] {
  const rows = findingRowsOf(exchange)
  const sum = Object.values(findingCountsOf(exchange)).reduce((before, count) => before + count, 0)
  assert.equal(sum, rows.length, 'the counts are those of the rows')
  assert.ok(!/4111 1111|jo\.smith/.test(JSON.stringify(rows)), 'never the value')
  assert.ok(rows.every(({ value_hmac }) => /^[0-9a-f]{64}$/.test(value_hmac)))
  return rows.map(({ phase, location, detector, action }) => `${phase} ${location} ${detector.split('.').at(-1)!} ${action}`)
}

describe('noting findings', () => {
  const opened: BoundPolicies[] = []
  const bind = (policies: string): BoundPolicies => {
    const bound = bindText(`module house\nimport standard.detectors as std\n${policies}\npolicy let "Let" { on request allow }`)
    opened.push(bound)
    return bound
  }
  after(() => Promise.all(opened.map(({ detection }) => detection.close())))

  async function asked(policies: string, ...parts: readonly Part[]): Promise<{ exchange: Exchange; outcome: Enacted | GatewayError }> {
    const { exchange, received } = accountOf(bind(policies), parts)
    const decided = await decide(exchange, received)
    return { exchange, outcome: decided instanceof GatewayError ? decided : await enact(exchange, decided, []) }
  }

  describe('in a request', () => {
    const prompt = partOf('prompt.user', `card ${CARD}`)

    it('tells of a refusal what it found, each once', async () => {
      const both = `policy a "a" { on request when prompt contains std.payment_card deny "x.card" }
        policy b "b" { on request when prompt contains std.email warn "x.mail" }`
      const { exchange, outcome } = await asked(both, prompt, partOf('prompt.system', `to ${EMAIL}`), partOf('prompt.tool', CARD))
      assert.ok(outcome instanceof GatewayError)
      assert.deepEqual(told(exchange), [
        card('request', 'prompt.user', 'deny'),
        email('request', 'prompt.system', 'warn'),
        card('request', 'prompt.tool', 'deny'),
      ])
    })

    for (const [verb, effect] of [
      ['warn', 'warn "x.card"'],
      ['label', 'label "cards"'],
      ['route', 'route to secure'],
    ] as const) {
      it(`tells that ${verb} acted`, async () => {
        const { exchange, outcome } = await asked(`policy a "a" { on request when prompt contains std.payment_card ${effect} }`, prompt)
        assert.ok(!(outcome instanceof GatewayError))
        assert.deepEqual(told(exchange), [card('request', 'prompt.user', verb)])
      })
    }

    it('tells a union by its members', async () => {
      const { exchange } = await asked(
        'policy a "a" { on request when prompt.user contains std.personal deny "x.personal" }',
        partOf('prompt.user', EMAIL),
      )
      assert.deepEqual(told(exchange), [email('request', 'prompt.user', 'deny')])
    })

    it('has no second row for what a span verb took out, and tells that verb', async () => {
      const policy = 'policy a "a" { on request when prompt contains std.payment_card warn "x.card" redact std.payment_card in prompt }'
      const { exchange } = await asked(policy, prompt)
      assert.deepEqual(told(exchange), [card('request', 'prompt.user', 'redact')])
    })

    it('tells of equal texts what was done with each', async () => {
      const policy =
        'policy a "a" { on request redact std.payment_card in prompt.user }\npolicy b "b" { on request when prompt contains std.payment_card warn "x.card" }'
      const { exchange } = await asked(policy, prompt, partOf('prompt.tool', prompt.text))
      assert.deepEqual(told(exchange), [card('request', 'prompt.user', 'redact'), card('request', 'prompt.tool', 'warn')])
    })

    it('says of a policy in shadow what it found, and that nothing acted', async () => {
      const { exchange } = await asked(
        'policy a "a" { mode shadow on request when prompt contains std.payment_card deny "x.card" }',
        prompt,
      )
      assert.deepEqual(told(exchange), [card('request', 'prompt.user', '')])
    })

    it('makes nothing for a request in which nothing was found', async () => {
      const policy = 'policy a "a" { on request when prompt contains std.payment_card deny "x.card" }'
      const { exchange } = await asked(policy, partOf('prompt.user', 'good morning'))
      assert.equal(findingRowsOf(exchange), exchange.findings)
      assert.equal(findingCountsOf(exchange), exchange.findingCounts)
    })
  })

  describe('on a target', () => {
    const parts = [partOf('prompt.user', `card ${CARD}`)]
    const target = {} as Target

    it('tells what the policies refused', async () => {
      const { exchange, received } = accountOf(
        bind('policy a "a" { on target when prompt contains std.payment_card deny "x.card" }'),
        parts,
      )
      noteDecision(exchange, await received.judge.decideTarget(received.view as TargetView, received.prompt))
      assert.deepEqual(told(exchange), [card('target', 'prompt.user', 'deny')])
    })

    it('tells once what is taken out for the one that it went to, however many were planned', async () => {
      const bound = bind('policy a "a" { on target redact std.payment_card in prompt }')
      const { exchange, received } = accountOf(bound, parts)
      for (const candidate of [{} as Target, target]) {
        const { effects } = await received.judge.fork().decideTarget({ ...received.view, target: candidate }, received.prompt)
        await editPrompt(exchange, candidate, received.prompt, effects)
      }
      exchange.target = target
      assert.deepEqual(told(exchange), [card('target', 'prompt.user', 'redact')])
      exchange.target = {} as Target
      assert.deepEqual(told(exchange), [card('request', 'prompt.user', '')])
    })
  })

  describe('in an answer', () => {
    const answer = [partOf('completion.text', `your card ${CARD}`)]
    const judged = async (policies: string): Promise<Exchange> => {
      const { exchange, received } = accountOf(bind(policies), [partOf('prompt.user', EMAIL)])
      await judgeAnswer(exchange, received as Enacted, {} as AnswerView, answer)
      return exchange
    }

    for (const verb of ['deny', 'warn']) {
      it(`tells that ${verb} acted, on the request too where the condition read it`, async () => {
        const when = 'when completion contains std.payment_card and prompt contains std.email'
        const exchange = await judged(`policy a "a" { on response ${when} ${verb} "x.card" }`)
        assert.deepEqual(told(exchange), [email('response', 'prompt.user', verb), card('response', 'completion.text', verb)])
      })
    }

    it('tells what was taken out', async () => {
      assert.deepEqual(told(await judged('policy a "a" { on response redact std.payment_card in completion }')), [
        card('response', 'completion.text', 'redact'),
      ])
    })

    it('tells once what is found in a held answer and again while it flows', async () => {
      const bound = bind(`policy a "a" { on response when completion contains std.payment_card warn "x.card" }
        policy b "b" { on stream redact std.payment_card in completion redact std.email in completion }`)
      const { exchange, received } = accountOf(bound, [])
      await judgeAnswer(exchange, received as Enacted, {} as AnswerView, answer)
      const governor = governorOf(bound, (hit) => noteHit(exchange, hit))
      governor.push('0/text', `${answer[0]!.text} and ${EMAIL}`)
      governor.end('0/text')
      assert.deepEqual(told(exchange), [card('stream', 'completion.text', 'redact'), email('stream', 'completion.text', 'redact')])
    })
  })

  describe('in a stream', () => {
    const streamed = (policies: string): string[] => {
      const bound = bind(policies)
      const { exchange } = accountOf(bound, [])
      const governor = governorOf(bound, (hit) => noteHit(exchange, hit))
      governor.push('0/text', `to ${EMAIL}, `)
      governor.push('0/text', `card ${CARD} `)
      governor.end('0/text')
      noteDecision(exchange, governor.decision)
      return told(exchange)
    }

    it('tells the verb that acted in the end', () => {
      const policies = `policy a "a" { on stream when completion contains std.email and completion contains std.payment_card deny "x.both" }`
      assert.deepEqual(streamed(policies), [email('stream', 'completion.text', 'deny'), card('stream', 'completion.text', 'deny')])
    })

    it('keeps the verb that took it out', () => {
      const policies = `policy a "a" { on stream when completion contains std.email warn "x.mail" }\npolicy b "b" { on stream redact std.payment_card in completion }`
      assert.deepEqual(streamed(policies), [email('stream', 'completion.text', 'warn'), card('stream', 'completion.text', 'redact')])
    })
  })

  it('looks at each rewritten one once, however many there are, and keeps a bounded number of rows', async () => {
    const count = 5000
    const findings = Array.from({ length: count }, (_, i): Finding => ({ detector: 'd', start: i, end: i + 1, score: 1, checks: [] }))
    let looks = 0
    const applied = findings.map((finding) => ({
      get finding() {
        looks++
        return finding
      },
      verb: 'redact',
      call: { verb: 'redact', phrase: '', policy: 'p', severity: 'low' as const, operands: {} },
    }))
    const { exchange } = accountOf(bind('policy a "a" { on request warn "x.always" }'), [])
    exchange.prompt = new ContentScan({ scan: () => ({ findings: [findings], failed: [] }) }, [partOf('prompt.user', 'x'.repeat(count))], 0)
    await exchange.prompt.scan(['d'], new Set(['prompt.user']))
    noteRewrite(exchange, { phase: 'request', target: null, part: 0, applied })
    const rows = findingRowsOf(exchange)
    assert.equal(looks, count)
    assert.equal(rows.length, 200)
    assert.ok(rows.every(({ action }) => action === 'redact'))
    assert.deepEqual(findingCountsOf(exchange), { d: count })
  })
})
