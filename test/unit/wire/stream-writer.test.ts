// A streamed answer leaves as the guard releases it: nothing lost, nothing twice, nothing in the wrong order.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { openaiChat } from '../../../core/wire/openai-chat/index.ts'
import type { StreamSummary } from '../../../core/wire/port.ts'
import { chunk, open, payloadsOf, replacing, RUNS, SEED, writeThrough, type Loose } from './helpers.ts'

const USAGE = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 }

function joined(
  chunks: readonly { readonly [name: string]: Loose }[],
  index = 0,
): { text: string; reasoning: string; args: Record<number, string>; finish: string[] } {
  const out = { text: '', reasoning: '', args: {} as Record<number, string>, finish: [] as string[] }
  for (const { choices } of chunks) {
    for (const choice of choices.filter((one: Loose) => one.index === index)) {
      out.text += choice.delta?.content ?? ''
      out.reasoning += choice.delta?.reasoning_content ?? ''
      for (const call of choice.delta?.tool_calls ?? [])
        out.args[call.index] = (out.args[call.index] ?? '') + (call.function?.arguments ?? call.custom?.input ?? '')
      if (choice.finish_reason) out.finish.push(choice.finish_reason)
    }
  }
  return out
}

describe('wire: stream writer', () => {
  it('passes payloads untouched while the guard is transparent', () => {
    const writer = openaiChat.openStream({ guard: open, wantsUsage: true, model: 'm' })
    const raw = '{"choices":[{"index":0,"delta":{"content":"x"}}],  "odd" : 1.0}'
    assert.equal(writer.chunk({ type: 'chunk', body: JSON.parse(raw), raw }), `data: ${raw}\n\n`)
    assert.equal(writer.finish(), 'data: [DONE]\n\n')
  })

  it('replaces a word that was split over chunks, and releases the rest before the choice ends', () => {
    const out = writeThrough(
      [
        chunk({ role: 'assistant', content: '' }),
        chunk({ content: 'my sec' }),
        chunk({ content: 'ret is' }),
        chunk({ content: ' safe' }),
        chunk({}, 'stop'),
      ],
      { guard: replacing('secret', '[X]') },
    )
    assert.deepEqual(joined(out), { text: 'my [X] is safe', reasoning: '', args: {}, finish: ['stop'] })
    assert.equal(out.at(-1)!.choices[0].finish_reason, 'stop')
    assert.deepEqual(out.at(-1)!.choices[0].delta, {})
    assert.deepEqual(out[0]!.choices[0].delta, { role: 'assistant', content: '' })
  })

  it('drops chunks that have become empty', () => {
    const out = writeThrough([chunk({ content: 'a' }), chunk({ content: 'b' }), chunk({}, 'stop')], { guard: replacing('secret', 'X', 24) })
    assert.deepEqual(
      out.map(({ choices }) => choices[0].delta),
      [{ content: 'ab' }, {}],
    )
  })

  it('keeps text that comes with the finish reason, and in order', () => {
    const out = writeThrough([chunk({ content: 'one ' }), chunk({ content: 'two' }, 'length')], { guard: replacing('secret', 'X', 2) })
    assert.equal(joined(out).text, 'one two')
    assert.equal(out.at(-1)!.choices[0].finish_reason, 'length')
  })

  it('releases what is held when no finish reason ever came', () => {
    assert.equal(joined(writeThrough([chunk({ content: 'held' })], { guard: replacing('secret', 'X', 24) })).text, 'held')
  })

  it('takes a second finish reason and text behind the first', () => {
    const out = joined(
      writeThrough([chunk({ content: 'a' }), chunk({}, 'stop'), chunk({ content: 'b' }), chunk({}, 'stop')], {
        guard: replacing('secret', 'X', 24),
      }),
    )
    assert.deepEqual([out.text, out.finish], ['ab', ['stop', 'stop']])
  })

  it('keeps several choices apart', () => {
    const guard = replacing('secret', 'X')
    const out = writeThrough(
      [
        chunk({ content: 'sec' }, null, 0),
        chunk({ content: 'ret' }, null, 1),
        chunk({ content: 'ret' }, null, 0),
        chunk({}, 'stop', 0),
        chunk({ content: '!' }, null, 1),
        chunk({}, 'length', 1),
      ],
      { guard },
    )
    assert.deepEqual([joined(out, 0).text, joined(out, 1).text], ['X', 'ret!'])
    assert.deepEqual(
      guard.ended.toSorted((a, b) => (a < b ? -1 : 1)),
      ['0/text', '1/text'],
    )
  })

  it('ends the arguments of a call before the next call begins, even within one chunk', () => {
    const call = (index: number, source: string, name?: string): object => ({
      index,
      ...(name ? { id: `call_${index}`, type: 'function' } : {}),
      function: { ...(name ? { name } : {}), arguments: source },
    })
    const out = writeThrough(
      [
        chunk({ tool_calls: [call(0, '', 'f')] }),
        chunk({ tool_calls: [call(0, '{"a":"sec')] }),
        chunk({ tool_calls: [call(0, 'ret"}'), call(1, '{"b"', 'g')] }),
        chunk({ tool_calls: [call(1, ':"secret"}')] }),
        chunk({}, 'tool_calls'),
      ],
      { guard: replacing('secret', 'X') },
    )
    assert.deepEqual(joined(out).args, { 0: '{"a":"X"}', 1: '{"b":"X"}' })
    const order = out.flatMap(({ choices }) =>
      choices.flatMap((choice: Loose) => (choice.delta.tool_calls ?? []).map((one: Loose) => one.index)),
    )
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
      'a call went on after the next had begun',
    )
    const started = out.flatMap(({ choices }) =>
      choices.flatMap((choice: Loose) =>
        (choice.delta.tool_calls ?? []).filter((one: Loose) => one.id).map((one: Loose) => [one.index, one.function.name]),
      ),
    )
    assert.deepEqual(started, [
      [0, 'f'],
      [1, 'g'],
    ])
  })

  it('holds arguments that are not whole when another call begins, since calls may take turns', () => {
    const sources = ['{"a":"the secret"}', '{"b":"a \\" secret"}']
    const turns = [...sources[0]!].flatMap((_, i) =>
      sources.map((source, index) => chunk({ tool_calls: [{ index, function: { arguments: source[i] ?? '' } }] })),
    )
    const rest = chunk({ tool_calls: [{ index: 1, function: { arguments: sources[1]!.slice(sources[0]!.length) } }] })
    const out = writeThrough([...turns, rest, chunk({}, 'tool_calls')], { guard: replacing('secret', 'X') })
    assert.deepEqual(joined(out).args, { 0: '{"a":"the X"}', 1: '{"b":"a \\" X"}' })
  })

  it('holds the end of an input of a custom tool until its choice ends, and no more of it', () => {
    const input = (index: number, text: string): object => chunk({ tool_calls: [{ index, custom: { input: text } }] })
    const turns = [input(0, 'a long way to the sec'), input(1, 'sec'), input(0, 'ret'), input(1, 'ret'), chunk({}, 'tool_calls')]
    const out = writeThrough(turns, { guard: replacing('secret', 'X') })
    assert.deepEqual(joined(out).args, { 0: 'a long way to the X', 1: 'X' })
    assert.deepEqual(joined(out.slice(0, 1)).args, { 0: 'a long way to th' })
  })

  it('ends reasoning before the text begins, also when both stand in one chunk', () => {
    const out = writeThrough(
      [chunk({ reasoning_content: 'I think' }), chunk({ reasoning_content: ' so', content: 'Yes' }), chunk({}, 'stop')],
      { guard: replacing('secret', 'X', 4) },
    )
    assert.deepEqual([joined(out).reasoning, joined(out).text], ['I think so', 'Yes'])
  })

  it('lets no text past the guard, in members that are known and in others', () => {
    const texts = {
      content: 'secret',
      refusal: 'secret',
      reasoning_content: 'secret',
      reasoning: 'secret',
      novelty: 'secret',
      nested: { list: ['secret'] },
      function_call: { name: 'f', arguments: 'secret' },
    }
    const chunks = [
      {
        ...chunk(texts),
        choices: [{ index: 0, delta: texts, text: 'secret', logprobs: { content: [{ token: 'secret' }] }, finish_reason: null }],
      },
      chunk({}, 'stop'),
    ]
    assert.doesNotMatch(JSON.stringify(writeThrough(chunks, { guard: replacing('secret', 'X') })), /secret/)
  })

  describe('usage', () => {
    const last = { id: 'c1', object: 'chat.completion.chunk', choices: [], usage: USAGE }
    it('is passed on to a client that asked for it', () =>
      assert.deepEqual(writeThrough([chunk({ content: 'x' }, 'stop'), last]).at(-1)!.usage, USAGE))

    it('is kept from one that did not, in its own chunk or in another', () => {
      const out = writeThrough([{ ...chunk({ content: 'x' }), usage: USAGE }, chunk({}, 'stop'), last], { wantsUsage: false })
      assert.deepEqual(joined(out).text, 'x')
      assert.ok(out.every((one) => one.usage === undefined))
      assert.equal(out.length, 2)
    })

    it('is seen in any case; null is none', () => {
      const writer = openaiChat.openStream({ guard: open, wantsUsage: false, model: 'm' })
      const take = (body: object): string => writer.chunk({ type: 'chunk', body: body as never, raw: null })
      take({ ...chunk({ content: 'four' }), usage: null })
      assert.ok(writer.seen.usage === null)
      take(
        chunk({
          tool_calls: [
            { index: 0, function: { name: 'f', arguments: '{}' } },
            { index: 1, function: { name: 'g', arguments: '' } },
          ],
        }),
      )
      take(chunk({}, 'stop', 1))
      assert.equal(take(last), '')
      const { usage, finishReason, choices, toolCalls, textChars } = writer.seen as StreamSummary
      assert.deepEqual(
        { prompt: usage?.prompt, finishReason, choices, toolCalls, textChars },
        { prompt: 3, finishReason: 'stop', choices: 2, toolCalls: 2, textChars: 6 },
      )
    })
  })

  it('passes chunks without choices, and unknown members', () => {
    const filter = { id: '', choices: [], prompt_filter_results: [{ prompt_index: 0 }] }
    for (const guard of [open, replacing('secret', 'X')]) {
      const out = writeThrough([filter, { ...chunk({ content: 'x' }), system_fingerprint: 'fp' }, chunk({}, 'stop')], { guard })
      assert.deepEqual(out[0], filter)
      assert.equal(joined(out).text, 'x')
      assert.ok(out.slice(1).some((one) => one.system_fingerprint === 'fp') || guard !== open)
    }
  })

  it('puts `sallyport` into the last chunk, and tells each chunk as it leaves', () => {
    const told: object[] = []
    const out = writeThrough([chunk({ content: 'x' }), chunk({}, 'stop')], {
      extra: () => ({ warnings: ['quota_soft'] }),
      onChunk: (one) => told.push(one),
    })
    assert.deepEqual(out.at(-1)!.sallyport, { warnings: ['quota_soft'] })
    assert.deepEqual(told, out)
  })

  it('says in chunks of its own no more than the words of the protocol: what came beside the choices stays where the guard has seen it', () => {
    const odd = (one: object): object => ({ ...one, citations: ['a secret'], x_odd: { id: 'x' }, obfuscation: 'zzz' })
    for (const last of [chunk({}, 'stop'), chunk({ content: '' })]) {
      const out = writeThrough([odd(chunk({ content: 'my sec' })), odd(chunk({ content: 'ret is' })), odd(last)], {
        guard: replacing('secret', 'X'),
        extra: () => ({}),
      })
      assert.equal(joined(out).text, 'my X is')
      assert.ok(!JSON.stringify(out).includes('secret'), JSON.stringify(out))
      assert.equal(out.filter(({ citations }) => citations).length, 3)
      assert.ok(out.every(({ id, created, model, object }) => id === 'c1' && created === 1 && model === 'up' && object))
    }
  })

  it('keeps the order of two entries of one choice in one chunk, and says once what stands beside them', () => {
    const [first, second] = [chunk({ content: ' sec' }), chunk({ content: 'ret end' }, 'stop')] as { choices: object[] }[]
    const both = { ...first, choices: [...first!.choices, ...second!.choices], usage: USAGE, citations: ['x'] }
    const out = writeThrough([chunk({ content: 'my long text' }), both], { guard: replacing('secret', 'X', 8) })
    assert.deepEqual(joined(out), { text: 'my long text X end', reasoning: '', args: {}, finish: ['stop'] })
    assert.equal(out.filter(({ usage }) => usage).length, 1)
    assert.equal(out.filter(({ citations }) => citations).length, 1)
  })

  it('takes hundreds of texts at once, and not as many as somebody likes to open', () => {
    const choices = (count: number): object[] => Array.from({ length: count }, (_, index) => chunk({ content: 'my secret' }, null, index))
    const guard = replacing('secret', 'X')
    assert.equal(joined(writeThrough(choices(4096), { guard }), 4095).text, 'my X')
    assert.throws(() => writeThrough(choices(4097), { guard }), /more than 4096 texts/)
    assert.equal(writeThrough(choices(5000)).length, 5000)
  })

  it('never changes the text with a guard that changes nothing, for any cutting and any order of channels', () => {
    const piece = fc.record({
      index: fc.nat(1),
      kind: fc.constantFrom('content', 'reasoning_content', 'call0', 'call1'),
      text: fc.string({ maxLength: 6 }),
      ends: fc.integer({ min: 0, max: 9 }),
    })
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.integer({ min: 0, max: 30 }), (pieces, held) => {
        const chunks = pieces.map(({ index, kind, text, ends }) => {
          const delta = kind.startsWith('call')
            ? { tool_calls: [{ index: Number(kind[4]), function: { arguments: text } }] }
            : { [kind]: text }
          return chunk(delta, ends === 0 ? 'stop' : null, index)
        })
        const out = writeThrough(chunks, { guard: replacing('\u0000never', '', held) })
        for (const index of [0, 1]) {
          const { text, reasoning, args } = joined(out, index)
          const of = (kind: string): string =>
            pieces
              .filter((one) => one.index === index && one.kind === kind)
              .map((one) => one.text)
              .join('')
          assert.deepEqual(
            [text, reasoning, args[0] ?? '', args[1] ?? ''],
            [of('content'), of('reasoning_content'), of('call0'), of('call1')],
          )
        }
      }),
      { numRuns: RUNS, seed: SEED },
    )
  })

  it('ends a broken stream with an error event and without `[DONE]`', async () => {
    const { GatewayError } = await import('../../../core/errors/gateway-error.ts')
    const event = openaiChat.writeStreamError(new GatewayError('upstream_error'), 'req_1').toString()
    assert.match(event, /^data: \{"error":\{.*"code":"upstream_error".*\}\}\n\n$/)
    assert.throws(() => payloadsOf(event))
  })
})
