// What policies on `stream` do to an answer that flows: protect, warn, stop, and fail closed; the same whatever the chunks were.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bindText, streamThrough, type Streamed } from '../../support/stream-path.ts'
import { readAnswer } from '../../support/stream-client.ts'
import type { BoundPolicies } from '../../../core/policy/bind.ts'
import type { Plugin } from '../../../core/plugin/contract.ts'

const LONG = process.env['SALLYPORT_TEST_LONG'] !== undefined
const SEED = 20_261_121
const CARD = '4111 1111 1111 1111'
const KEY = 'AKIAQ3EGRIF7XN2TZ5KM'

const event = (payload: object | string): string => `data: ${typeof payload === 'string' ? payload : JSON.stringify(payload)}\n\n`
const chunk = (choice: object, index = 0): string => event({ id: 'c', object: 'chat.completion.chunk', choices: [{ index, ...choice }] })
const say = (...deltas: readonly object[]): string => deltas.map((delta) => chunk({ delta, finish_reason: null })).join('')
const END = `${chunk({ delta: {}, finish_reason: 'stop' })}data: [DONE]\n\n`

/** A check that throws where it sees a 9, as a fault in a plugin would. */
const FRAGILE: Plugin = {
  name: 'fragile',
  apiVersion: 1,
  summary: 'A check that breaks.',
  config: { type: 'object', additionalProperties: false, properties: {} },
  onFailure: {},
  budgetMs: {},
  setup: () => ({}),
  vocabulary: () => ({
    checks: [
      {
        name: 'fragile',
        doc: 'Breaks at a 9.',
        test(match) {
          if (match.includes('9')) throw new Error('a fault in a check')
          return true
        },
      },
    ],
  }),
}

const FRAGILE_DETECTOR = `
detector ticket {
  pattern  /\\bTICKET-\\d{4}\\b/
  check    fragile
  score    0.9
  examples "TICKET-1234"
  never    "TICKET-12"
}
`

describe('policies on `stream`', () => {
  const opened: BoundPolicies[] = []
  const bind = (policies: string, plugins: readonly Plugin[] = []): BoundPolicies => {
    const bound = bindText(`module guard\nimport standard.detectors as std\n${policies}`, plugins)
    opened.push(bound)
    return bound
  }
  after(() => Promise.all(opened.map(({ detection }) => detection.close())))

  describe('protect, wherever the text stands', () => {
    const redacting = bind(`policy p "p" { on stream redact std.secret in completion with "[X]" }`)
    const [a, b] = [KEY.slice(0, 9), KEY.slice(9)]
    const split: readonly (readonly [string, (text: string) => object, string])[] = [
      ['content', (content) => ({ content }), '0/content'],
      ['reasoning_content', (reasoning_content) => ({ reasoning_content }), '0/reasoning_content'],
      ['reasoning', (reasoning) => ({ reasoning }), '0/reasoning'],
      ['refusal', (refusal) => ({ refusal }), '0/refusal'],
      ['a member nobody knows', (novelty) => ({ novelty }), '0/novelty'],
      [
        'details of reasoning',
        (text) => ({ reasoning_details: [{ type: 'reasoning.text', index: 0, text }] }),
        '0/reasoning_details[0].text',
      ],
      ['a summary of reasoning', (summary) => ({ reasoning_details: [{ index: 1, summary }] }), '0/reasoning_details[1].summary'],
      ['thinking blocks', (thinking) => ({ thinking_blocks: [{ type: 'thinking', index: 0, thinking }] }), '0/thinking_blocks[0].thinking'],
      ['parts of content', (text) => ({ content: [{ type: 'text', text }] }), '0/content[0].text'],
      ['a transcript', (transcript) => ({ audio: { transcript } }), '0/audio.transcript'],
      ['arguments', (source) => ({ tool_calls: [{ index: 0, function: { arguments: source } }] }), '0/tool0'],
      ['input of a custom tool', (input) => ({ tool_calls: [{ index: 3, custom: { input } }] }), '0/tool3'],
      ['the older function call', (source) => ({ function_call: { arguments: source } }), '0/function'],
    ]
    for (const [where, delta, place] of split) {
      it(`${where}, split over chunks`, () => {
        const { sse } = streamThrough(redacting, [say(delta(`"use `), delta(a), delta(b), delta(` now"`)) + END])
        assert.equal(readAnswer(sse).texts[place], '"use [X] now"')
        assert.ok(!sse.includes(a))
      })
    }

    it('as in a whole answer: quoted in JSON alone', () => {
      const call = { index: 0, id: 'call_1', custom: { name: KEY, input: `use ${a}` } }
      const { sse } = streamThrough(redacting, [
        say({ tool_calls: [call] }, { tool_calls: [{ index: 0, custom: { input: `${b} now` } }] }) + END,
      ])
      assert.equal(readAnswer(sse).texts['0/tool0'], 'use [X] now')
      assert.ok(sse.includes('"name":"[X]"'), sse)
    })

    it('the older completions', () => {
      const text = (piece: string): string => chunk({ text: piece, logprobs: { tokens: [piece] }, finish_reason: null })
      const { sse } = streamThrough(redacting, [
        `${text(a)}${text(b)}${text(' now')}${chunk({ text: '', finish_reason: 'stop' })}data: [DONE]\n\n`,
      ])
      assert.equal(readAnswer(sse).texts['0/text'], '[X] now')
      assert.ok(!sse.includes('AKIA'))
    })

    it('what comes whole: names of tools, citations, what a provider adds to choices and chunks', () => {
      const { sse } = streamThrough(redacting, [
        say(
          { tool_calls: [{ index: 0, id: 'call_1', function: { name: KEY, arguments: '{}' } }] },
          { annotations: [{ type: 'file', file: { name: KEY } }] },
          { annotations: [{ type: 'url_citation', url_citation: { title: KEY, url: `https://example.com/${KEY}` } }] },
        ) +
          event({ citations: [KEY], choices: [{ index: 0, delta: {}, message: { content: KEY }, finish_reason: null }] }) +
          event({ search_results: [{ title: KEY }], choices: [] }) +
          END,
      ])
      assert.ok(!sse.includes(KEY), sse)
      assert.equal(readAnswer(sse).done, true)
    })

    it('no log probabilities, which spell the text out', () => {
      const { sse } = streamThrough(redacting, [chunk({ delta: { content: 'x' }, logprobs: { content: [{ token: KEY }] } }) + END])
      assert.ok(!sse.includes(KEY))
    })

    it('what goes on after something else came between', () => {
      const { sse, hits } = streamThrough(redacting, [
        say({ reasoning_content: `is ${a}` }, { content: 'so' }, { reasoning_content: `${b} it` }) + END,
      ])
      const { texts } = readAnswer(sse)
      assert.ok(!texts['0/reasoning_content']!.includes(b), texts['0/reasoning_content'])
      assert.ok(texts['0/reasoning_content']!.endsWith('[X] it'))
      assert.deepEqual([texts['0/content'], hits.length], ['so', 1])
    })

    it('with the verbs that show some of it', () => {
      const masking = bind(`policy p "p" { on stream mask std.payment_card in completion except last 4 }`)
      const { sse } = streamThrough(masking, [say({ content: 'card 4111 1111' }, { content: ' 1111 1111 it is' }) + END])
      const text = readAnswer(sse).texts['0/content']!
      assert.ok(text.startsWith('card ') && text.endsWith('1111 it is') && !text.includes('4111'), text)
    })
  })

  it('warn and label from the finding on', () => {
    const warning = bind(`policy p "p" { on stream when completion contains std.payment_card warn "card_seen" label "cards" }`)
    const verbs = (text: string): readonly string[] =>
      streamThrough(warning, [say({ content: text }) + END])
        .decision.effects.map(({ verb }) => verb)
        .toSorted((x, y) => (x < y ? -1 : 1))
    assert.deepEqual(verbs(`pay ${CARD} now`), ['label', 'warn'])
    assert.deepEqual(verbs('pay now'), [])
  })

  describe('stop', () => {
    const denying = bind(`
policy cards "cards" { on stream when completion contains std.payment_card deny "test.card" "No cards." }
policy mails "mails" { on stream redact std.email in completion with "[MAIL]" }`)
    const stopped = (sse: string): Streamed => streamThrough(denying, [sse])

    it('where the finding begins, and nothing behind it leaves, in no choice', () => {
      const { sse, decision } = stopped(
        say({ content: 'write to jo@example.com, pay with 4111 1111' }, { content: ' 1111 1111 now' }) +
          chunk({ delta: { content: 'other' } }, 1) +
          END,
      )
      assert.equal(decision.refused?.code, 'test.card')
      const { texts, done, finish } = readAnswer(sse)
      assert.deepEqual([texts, done, finish], [{ '0/content': 'write to [MAIL], pay with ' }, false, {}])
    })

    it('with no finish reason, also where the end releases what stops it', () => {
      for (const ending of [
        END,
        chunk({ delta: { content: ' ' }, finish_reason: 'stop' }),
        'data: [DONE]\n\n',
        chunk({ delta: {}, finish_reason: 'stop' }),
      ]) {
        const { sse, decision } = stopped(say({ content: `hi ${CARD}` }) + ending)
        assert.equal(decision.verdict, 'deny')
        const { texts, done, finish } = readAnswer(sse)
        assert.deepEqual([texts['0/content'], done, finish], ['hi ', false, {}])
      }
    })
  })

  describe('where a detector fails', () => {
    const failing = (policy: string): BoundPolicies => bind(FRAGILE_DETECTOR + policy, [FRAGILE])
    const sse = say({ content: 'see TICKET-1234 and ' }, { content: 'TICKET-9999 and more' }, { reasoning_content: 'TICKET-1234' }) + END

    it('deny by default, with what was judged before delivered', () => {
      const {
        sse: out,
        decision,
        failures,
      } = streamThrough(failing('policy p "p" { on stream when completion contains ticket warn "t" }'), [sse])
      assert.deepEqual([decision.verdict, decision.refused?.code, failures.length], ['deny', 'policy.scan_failed', 1])
      assert.equal(decision.reasons.find(({ policy }) => policy === 'p')?.state, 'failed_closed')
      const { texts, done } = readAnswer(out)
      assert.deepEqual([texts, done], [{ '0/content': 'see TICKET-1234 and ' }, false])
    })

    it('deny by their own `on error`', () => {
      const { decision } = streamThrough(
        failing('policy p "p" { on stream when completion contains ticket warn "t" on error deny "p.unseen" "?" }'),
        [sse],
      )
      assert.equal(decision.refused?.code, 'p.unseen')
    })

    it('deny where spans had to be protected whatever the answer holds', () => {
      const { decision, sse: out } = streamThrough(failing('policy p "p" { on stream redact ticket in completion with "[T]" }'), [sse])
      assert.equal(decision.refused?.code, 'policy.scan_failed')
      assert.deepEqual(readAnswer(out).texts, { '0/content': 'see [T] and ' })
    })

    it('let the text pass as it is with `on error allow`, and say so', () => {
      const open = failing(
        'policy p "p" { owner "me@example.com" on stream when completion contains ticket redact ticket in completion on error allow }',
      )
      const { decision, sse: out } = streamThrough(open, [sse])
      assert.equal(decision.verdict, 'allow')
      assert.equal(decision.reasons.find(({ policy }) => policy === 'p')?.state, 'failed_open')
      const { texts, done, finish } = readAnswer(out)
      assert.ok(texts['0/content']!.endsWith('TICKET-9999 and more'), texts['0/content'])
      assert.deepEqual([texts['0/reasoning_content'], done, finish], ['TICKET-1234', true, { 0: ['stop'] }])
    })
  })

  describe('give the same text for any chunking', () => {
    const all = bind(`
policy secrets "s" { on stream when completion contains std.secret redact std.secret in completion with "[S]" warn "secret" }
policy mails "m" { on stream mask std.email in completion.text except first 2 }
policy cards "c" { on stream when completion contains std.payment_card scoring 0.6 redact std.payment_card in completion }
policy ibans "i" { on stream when completion.arguments contains std.iban deny "test.iban" "No." }`)

    const members = ['content', 'reasoning_content', 'refusal', 'tool0', 'tool1', 'details', 'text'] as const
    type Member = (typeof members)[number]
    const deltaOf = (member: Member, text: string): object => {
      if (member === 'tool0' || member === 'tool1')
        return { delta: { tool_calls: [{ index: Number(member[4]), function: { arguments: text } }] } }
      if (member === 'details') return { delta: { reasoning_details: [{ index: 0, text }] } }
      return member === 'text' ? { text } : { delta: { [member]: text } }
    }
    const word = fc.constantFrom(
      KEY,
      CARD,
      'jo.smith@example.com',
      'DE89 3704 0044 0532 0130 00',
      'ordinary',
      'Größe',
      '😀',
      '"',
      '\\',
      'AKIA',
      '4111',
      'card',
      '{"a":',
      '\n',
      ', ',
    )
    /** What the model says: runs of text, each in one member of one choice; a later run may go on where an earlier one was broken off. */
    const run = fc.record({
      choice: fc.nat(1),
      member: fc.constantFrom(...members),
      text: fc.array(word, { maxLength: 5 }).map((words) => words.join(' ')),
      cut: fc.nat(12),
    })

    /** What was held behind a sign of an escape once depended on whether the text came in one chunk. */
    const iban = 'DE89 3704 0044 0532 0130 00'
    const signThenNumber: { choice: number; member: Member; text: string; cut: number }[] = [
      { choice: 0, member: 'tool0', text: iban, cut: 0 },
      { choice: 0, member: 'content', text: `\\ ${iban}`, cut: 0 },
    ]

    it('of all channels, interleaved', () => {
      fc.assert(
        fc.property(
          fc.array(run, { maxLength: 8 }),
          fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
          (runs, sizes) => {
            const said = runs.map((one) => ({ ...one, text: one.cut > 6 ? one.text.slice(0, -one.cut) : one.text }))
            const write = (next: () => number): string =>
              said
                .flatMap(({ choice, member, text }) => {
                  const out: string[] = []
                  for (let at = 0; at < text.length;) {
                    const size = next()
                    out.push(chunk({ ...deltaOf(member, text.slice(at, at + size)), finish_reason: null }, choice))
                    at += size
                  }
                  return out
                })
                .join('') +
              [0, 1].map((choice) => chunk({ delta: {}, finish_reason: 'stop' }, choice)).join('') +
              'data: [DONE]\n\n'
            let turn = 0
            const once = streamThrough(all, [write(() => 1e9)])
            for (const next of [() => 1, () => sizes[turn++ % sizes.length]!]) {
              const again = streamThrough(all, [write(next)])
              assert.deepEqual(readAnswer(again.sse).texts, readAnswer(once.sse).texts)
              assert.equal(again.decision.verdict, once.decision.verdict)
              assert.deepEqual(again.hits.length, once.hits.length)
            }
          },
        ),
        { numRuns: LONG ? 3000 : 300, seed: SEED, examples: [[signThenNumber, [1]]] },
      )
    })
  })
})
