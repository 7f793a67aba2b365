// What happens to a test's exchange: phases, texts, modes, chunks, and that it is what the gateway would do.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { N } from '../syntax/helpers.ts'
import { BASE, open, outcomes, run, runText } from './helpers.ts'
import { runPolicyTests } from '../../../../core/policy/toolbox.ts'

const passes = async (policies: string, body: string): Promise<void> => assert.deepEqual(await run(policies, body), [])

describe('the walk of a test', () => {
  it('ends at the first refusal: what was denied reaches nobody', async () => {
    const deny = 'policy a.no "No" { on request when prompt contains card deny "a.no" }'
    const answered = await run(deny, 'message user "4111111111111111"\nanswer "fine"\nexpect text "fine"')
    assert.deepEqual(answered, ['expected the text "fine", but there is none: the request was denied with `a.no`'])
    const unanswered = await run(deny, 'message user "4111111111111111"\nexpect text "4111111111111111"')
    assert.deepEqual(unanswered, ['expected the text "4111111111111111", but there is none: the request was denied with `a.no`'])
  })

  it('gives no text where the target or the answer was denied', async () => {
    const target = 'policy a.us "Us" { on target when target.zone == "us" deny "a.us" }'
    assert.deepEqual(await run(target, 'given target.zone = "us"\nmessage user "hi"\nexpect text "hi"'), [
      'expected the text "hi", but there is none: the target was denied with `a.us`',
    ])
    const answer = 'policy a.leak "Leak" { on response when completion contains card deny "a.leak" }'
    assert.deepEqual(await run(answer, 'answer "4111111111111111"\nexpect text "4111111111111111"'), [
      'expected the text "4111111111111111", but there is none: the answer was denied with `a.leak`',
    ])
  })

  it('asks the policies on `target` only where the test gives a target', async () => {
    const policy = 'policy a.us "Us" { on target when target.zone == "us" deny "a.us" }'
    await passes(policy, 'given target.zone = "us"\nmessage user "hi"\nexpect deny "a.us"')
    await passes(policy, 'message user "hi"\nexpect policy a.us silent')
  })

  it('shows the message as it leaves: what is redacted on request and what is on target', async () => {
    const policies = `policy a.mail "Mail" { on request when prompt contains email redact email in prompt }
policy a.card "Card" { on target when target.zone == "us" redact card in prompt }`
    const message = 'message user "jo@acme.example 4111111111111111"'
    await passes(policies, `given target.zone = "us"\n${message}\nexpect text "[EMAIL] [CARD]"`)
    await passes(policies, `given target.zone = "eu"\n${message}\nexpect text "[EMAIL] 4111111111111111"`)
  })

  it('shows the last of several messages, and judges them all', async () => {
    const policy = 'policy a.mail "Mail" { on request redact email in prompt.user }'
    await passes(
      policy,
      'message system "be kind"\nmessage user "jo@acme.example"\nmessage assistant "bo@acme.example"\nexpect policy a.mail fires\nexpect text "bo@acme.example"',
    )
    const second = 'policy a.two "Two" { on request when prompt.system contains card deny "a.two" }'
    await passes(second, 'message system "4111111111111111"\nmessage user "hi"\nexpect deny "a.two"')
    await passes(second, 'message user "4111111111111111"\nexpect allow')
  })

  it('takes what is not given as absent, or as the example that the attribute declares', async () => {
    const policies = `policy a.user "User" { on request when user.id is missing warn "a.user" }
policy a.eu "Region" { on request when tenant.region == "eu" warn "a.eu" }`
    await passes(policies, 'message user "hi"\nexpect policy a.user fires')
    await passes(policies, 'given user.id = "jo"\nmessage user "hi"\nexpect policy a.user silent')
    await passes(policies, 'given tenant.region = "eu"\nexpect policy a.eu fires')
    await passes(policies, 'message user "hi"\nexpect policy a.eu silent')
    const examples = 'policy a.auto "Auto" { on request when request.model == "auto" and request.tokens == 100 warn "a.auto" }'
    await passes(examples, 'message user "hi"\nexpect policy a.auto fires')
    await passes(examples, 'given request.tokens = 5\nmessage user "hi"\nexpect policy a.auto silent')
  })
})

describe('modes in tests', () => {
  for (const mode of ['off', 'shadow', 'enforce']) {
    it(`are not looked at: a policy in mode ${mode} is tested as it would be enforced`, async () => {
      const policy = `policy a.no "No" {\n mode ${mode}\n on request\n when prompt contains card\n deny "a.no"\n}`
      await passes(policy, 'message user "4111111111111111"\nexpect deny "a.no"\nexpect policy a.no fires')
      await passes(policy, 'message user "hi"\nexpect policy a.no silent\nexpect allow')
    })
  }
})

describe('chunks', () => {
  const redact = 'policy a.mail "Mail" { on response, stream redact email in completion with "[gone]" }'

  it('may split a detection anywhere', async () => {
    await passes(redact, 'chunks "ask jo@ac", "me.exam", "ple now"\nexpect text "ask [gone] now"')
    await passes(redact, 'chunks "j", "o", "@", "acme.example"\nexpect text "[gone]"')
  })

  it('agree with the whole answer, however they are cut', async () => {
    const text = 'mail jo@acme.example or bo@acme.example, card 4111111111111111.'
    const policies = `${redact}\npolicy a.card "Card" { on response, stream when completion contains card warn "a.card" }`
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 12 })
    const samples = fc.sample(cuts, { numRuns: N(200), seed: 7 })
    const chunked = samples.map((places, i) => {
      const at = [0, ...places.toSorted((a, b) => a - b), text.length]
      const chunks = at.slice(1).map((end, j) => JSON.stringify(text.slice(at[j], end)))
      return `test "${i}" {\nchunks ${chunks.join(', ')}\n${EXPECT}\n}`
    })
    const failed = await outcomes(policies, [`test "whole" {\nanswer ${JSON.stringify(text)}\n${EXPECT}\n}`, ...chunked].join('\n'))
    assert.equal(Object.keys(failed).length, samples.length + 1)
    assert.deepEqual(Object.values(failed).flat(), [])
  })
  it('agree with the whole answer on any text: words, halves of findings, findings side by side', async () => {
    const policies = `policy a.mail "Mail" { on response, stream redact email in completion with "[gone]" }
policy a.card "Card" { on response, stream redact card in completion }`
    const piece = fc.constantFrom('jo@acme.example', '4111111111111111', 'jo@', 'acme.', 'example', '4111', ' ', 'und', '@', '…')
    const texts = fc.array(piece, { minLength: 1, maxLength: 8 }).filter((pieces) => pieces.join('') !== '')
    const samples = fc.sample(texts, { numRuns: N(300), seed: 11 })
    const tests = samples.flatMap((pieces, i) => [
      `test "whole ${i}" {\nanswer ${JSON.stringify(pieces.join(''))}\nexpect text ""\n}`,
      `test "chunks ${i}" {\nchunks ${pieces.map((one) => JSON.stringify(one)).join(', ')}\nexpect text ""\n}`,
    ])
    const results = await outcomes(policies, tests.join('\n'))
    for (const [i, pieces] of samples.entries()) {
      const [whole] = results[`whole ${i}`]!
      assert.match(whole!, /but it is "/)
      assert.deepEqual(results[`chunks ${i}`], [whole], pieces.join('|'))
    }
  })

  const EXPECT = `expect text "mail [gone] or [gone], card 4111111111111111."\nexpect warn "a.card"\nexpect policy a.mail fires`

  it('stop where a policy denies, after what was released before', async () => {
    const deny = 'policy a.stop "Stop" { on stream when completion contains card deny "a.stop" }'
    await passes(deny, 'chunks "before 41111111", "11111111 after"\nexpect deny "a.stop"\nexpect text "before "')
    assert.deepEqual(await run(deny, 'chunks "4111111111111111"\nexpect allow'), [
      'expected `allow`, but the stream was stopped with `a.stop`',
    ])
  })

  it('are held and judged whole by a policy that is on `response` alone, as the gateway does', async () => {
    const policy = 'policy a.whole "Whole" { on response when completion contains card deny "a.whole" }'
    await passes(policy, 'chunks "4111", "111111111111"\nexpect deny "a.whole"')
    await passes(policy, 'answer "4111111111111111"\nexpect deny "a.whole"')
    await passes(policy, 'chunks "noth", "ing"\nexpect policy a.whole silent\nexpect text "nothing"')
  })

  it('are held for `buffer completion` too', async () => {
    const policy = `policy a.held "Held" { on response, stream when completion contains card deny "a.held" }
policy a.buffer "Buffer" { on response buffer completion }`
    assert.deepEqual(await run(policy, 'chunks "before 4111111111111111"\nexpect text "x"\nexpect deny "a.held"'), [
      'expected the text "x", but there is none: the answer was denied with `a.held`',
    ])
  })

  it('meet the policies on `stream` too when another policy holds them', async () => {
    const policy = `policy a.whole "Whole" { on response when response.finish_reason == "length" and completion contains card deny "a.whole" }
policy a.mail "Mail" { on stream redact email in completion with "[gone]" }`
    const chunks = 'chunks "jo@acme", ".example 4111111111111111"'
    await passes(policy, `given response.finish_reason = "stop"\n${chunks}\nexpect text "[gone] 4111111111111111"`)
    await passes(policy, `given response.finish_reason = "length"\n${chunks}\nexpect deny "a.whole"`)
  })

  it('meet policies that ask about the prompt', async () => {
    const policy = 'policy a.both "Both" { on stream when prompt contains card and completion contains email deny "a.both" }'
    await passes(policy, 'message user "4111111111111111"\nchunks "jo@acme.example x"\nexpect deny "a.both"')
    await passes(policy, 'message user "nothing"\nchunks "jo@acme.example x"\nexpect text "jo@acme.example x"')
  })

  it('are not held for a policy that is already out of the question', async () => {
    const policy = `policy a.eu "Eu" { on response when tenant.region == "eu" and completion contains card deny "a.eu" }
policy a.mail "Mail" { on stream redact email in completion with "[gone]" }`
    await passes(policy, 'given tenant.region = "us"\nchunks "jo@acme.example 4111111111111111"\nexpect text "[gone] 4111111111111111"')
    await passes(policy, 'given tenant.region = "eu"\nchunks "jo@acme.example 4111111111111111"\nexpect deny "a.eu"')
  })

  it('are held where what decides is only known at the end', async () => {
    const policy = 'policy a.end "End" { on response when response.finish_reason == "length" deny "a.end" }'
    await passes(policy, 'given response.finish_reason = "length"\nchunks "a", "b"\nexpect deny "a.end"')
    await passes(policy, 'given response.finish_reason = "stop"\nchunks "a", "b"\nexpect text "ab"')
  })
})

describe('a set of tests', () => {
  const policies = `policy a.card "Card" { on request when prompt contains card deny "a.card" }
policy a.mail "Mail" { on request when prompt contains email redact email in prompt }
`
  const tests = [
    'test "card" {\nmessage user "4111111111111111"\nexpect deny "a.card"\n}',
    'test "mail" {\nmessage user "jo@acme.example"\nexpect text "[EMAIL]"\n}',
    'test "wrong" {\nmessage user "jo@acme.example"\nexpect text "else"\n}',
    'test "clean" {\nmessage user "hi"\nexpect policy a.mail silent\nexpect allow\n}',
    'test "chunks" {\nchunks "jo@", "acme.example"\nexpect text "jo@acme.example"\n}',
  ]

  it('gives the same results in any order, of tests and of policies', async () => {
    const wanted = await outcomes(policies, tests.join('\n'))
    assert.deepEqual(Object.values(wanted).flat().length > 0, true)
    const orders = fc.sample(fc.shuffledSubarray(tests, { minLength: tests.length }), { numRuns: 5, seed: 3 })
    for (const order of orders) assert.deepEqual(await outcomes(policies, order.join('\n')), wanted)
    const reversed = policies.trimEnd().split('\n').toReversed().join('\n')
    assert.deepEqual(await outcomes(reversed, tests.join('\n')), wanted)
  })

  it('runs both of two tests with the same name, and tells them apart by their place', async () => {
    const twin = (text: string): string => `test "twin" {\nmessage user "hi"\nexpect text "${text}"\n}\n`
    const text = BASE + twin('hi') + twin('ho')
    const results = await runText(text)
    assert.deepEqual(
      results.map(({ test, failures }) => [test.title, failures.length]),
      [
        ['twin', 0],
        ['twin', 1],
      ],
    )
    const { start, end } = results[1]!.failures[0]!.span
    assert.equal(text.slice(start, end), 'text "ho"')
  })

  it('may be run again with the same result: nothing is kept from one to the next', async () => {
    const set = open(BASE + policies + tests.join('\n'))
    const once = await runPolicyTests(set.bundle!, set.tests, set.words)
    assert.deepEqual(await runPolicyTests(set.bundle!, set.tests, set.words), once)
  })

  it('names the policies that fired in each', async () => {
    const results = await runText(BASE + policies + tests.slice(0, 2).join('\n'))
    assert.deepEqual(
      results.map(({ fired }) => fired),
      [['a.card'], ['a.mail']],
    )
  })
})
