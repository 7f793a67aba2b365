// Nothing travels unseen: every governed endpoint, every place of a request and of an answer, every phase, each with a canary. The endpoints
// come from the table of routes: one that is not covered here fails.
import assert from 'node:assert/strict'
import { ANSWER_PLACES, NUMBER_PLACES, REQUEST_PLACES, type AnswerPlace, type Place } from '../support/canaries.ts'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { COMPLETION_LOCATIONS, PROMPT_LOCATIONS } from '../../core/model/content.ts'
import { GOVERNED } from '../../core/server/routes.ts'
import { chunks, raw, startUpstream, type Behaviour, type UpstreamServer } from '../support/upstream/index.ts'
import { readAnswer } from '../support/stream-client.ts'

const CANARY = 'CANARY-QWERTZUI'
const FIGURES = '7700770077'

/** Places that each endpoint can hold. What a new endpoint takes and gives is written down here. */
const COVERED: {
  readonly [route: string]: {
    readonly requests: readonly Place[]
    readonly figures: readonly Place[]
    readonly answers: readonly AnswerPlace[]
  }
} = {
  'POST /v1/chat/completions': { requests: REQUEST_PLACES, figures: NUMBER_PLACES, answers: ANSWER_PLACES },
  'POST /v1/decide': { requests: REQUEST_PLACES, figures: NUMBER_PLACES, answers: [] },
}

const nameOf = (location: string): string => location.replace('.', '_')
const denying = (phase: string, location: string): string => `
policy cov.${phase}_${nameOf(location)} "Seen" {
  on   ${phase}
  when request.user == "${phase}" and (${location} contains canary or ${location} contains figures)
  deny "cov.${phase}_${nameOf(location)}" "seen"
}`
const POLICIES = `
module cov
detector canary  { pattern /CANARY-[A-Z]{8}/ score 0.9 examples "CANARY-ABCDEFGH" never "CANARY-abc" }
detector figures { pattern /7700770077/ score 0.9 examples "7700770077" never "7700" }
${['request', 'target'].flatMap((phase) => PROMPT_LOCATIONS.map((location) => denying(phase, location))).join('')}
${['response', 'stream'].flatMap((phase) => COMPLETION_LOCATIONS.map((location) => denying(phase, location))).join('')}
policy cov.unscanned "Unseen" {
  on   request
  when request.user == "request" and request.has_unscanned
  deny "cov.unscanned" "unseen"
}
policy cov.clean "Removed on the way out" {
  on request
  when request.user == "redact"
  redact canary, figures in prompt with "[gone]"
}
policy cov.clean_back "Removed on the way back" {
  on response, stream
  redact canary in completion with "[gone]"
}
`

describe('coverage of content', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    const features = [{ name: 'open', pii: 'allow' }]
    gateway = await startGateway({ config: { ...baseConfig(upstream.url), features }, policies: { 'cov.policy': POLICIES } })
    key = await gateway.key(['--tenant', 'acme', '--scopes', 'chat,decide'])
  })
  beforeEach(() => upstream.reset())
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  const send = (route: string, as: string, body: object): Promise<Response> => {
    const [method, path] = route.split(' ')
    return fetch(gateway.url + path, {
      method: method!,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'x-sallyport-user': as,
        'x-sallyport-feature': 'open',
      },
      body: JSON.stringify({ model: 'gpt-test', ...body }),
    })
  }
  const errorOf = async (response: Response): Promise<{ status: number; code: string; reason?: string }> => {
    const { error } = (await response.json()) as { error: { code: string; reason?: string } }
    return { status: response.status, ...error }
  }

  it('knows every governed endpoint', () => assert.deepEqual(Object.keys(COVERED), [...GOVERNED.keys()]))

  for (const [route, { dispatches }] of GOVERNED) {
    const { requests = [], figures = [], answers = [] } = COVERED[route] ?? {}
    const streams = dispatches ? [false, true] : [false]
    describe(route, () => {
      for (const [places, canary] of [
        [requests, CANARY],
        [figures, FIGURES],
      ] as const) {
        for (const { title, seen, plant } of places) {
          it(`sees ${title}: ${seen}`, async () => {
            for (const stream of streams) {
              for (const phase of ['request', 'target']) {
                const error = await errorOf(
                  await send(route, phase, { ...plant(canary), stream }).then(async (response) => {
                    // What nobody can see is a fact of the request; it is denied there.
                    if (seen === 'unscanned' && phase === 'target') return send(route, 'request', { ...plant(canary), stream })
                    return response
                  }),
                )
                if (seen === 'reference' || seen === 'server_tool') assert.equal(error.code, 'unscannable_content', JSON.stringify(error))
                else
                  assert.equal(error.reason, seen === 'unscanned' ? 'cov.unscanned' : `cov.${phase}_${nameOf(seen)}`, JSON.stringify(error))
              }
              await send(route, 'redact', { ...plant(canary), stream }).then((response) => response.text())
            }
            for (const { body } of upstream.calls) assert.ok(!body.includes(canary), `it left: ${body.toString()}`)
          })
        }
      }

      for (const { title, seen, message, deltas } of answers) {
        it(`sees ${title} in an answer: ${seen}`, async () => {
          for (const choice of [0, 1]) {
            const unary = await answerTo(route, 'response', unaryOf(message, choice))
            assert.equal((await errorOf(unary)).reason, `cov.response_${nameOf(seen)}`)
            const removed = await (await answerTo(route, 'anyone', unaryOf(message, choice))).text()
            assert.ok(removed.includes('"choices"') && !removed.includes('CANARY'), removed)

            const held = await answerTo(route, 'response', streamOf(deltas, choice), true)
            assert.equal((await errorOf(held)).reason, `cov.response_${nameOf(seen)}`)
            const stopped = await (await answerTo(route, 'stream', streamOf(deltas, choice), true)).text()
            assert.ok(
              stopped.includes(`cov.stream_${nameOf(seen)}`) && !stopped.includes('QWERTZUI') && !stopped.includes('[DONE]'),
              stopped,
            )
            const cleaned = await (await answerTo(route, 'anyone', streamOf(deltas, choice), true)).text()
            assert.ok(!cleaned.includes('CANARY') && readAnswer(cleaned).done, cleaned)
          }
        })
      }

      if (dispatches) {
        it('sees what a provider adds beside the choices, and in them', async () => {
          const beside = {
            citations: [CANARY],
            choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, extra: { note: CANARY }, finish_reason: 'stop' }],
          }
          const text = await (await answerTo(route, 'anyone', () => raw([JSON.stringify(beside)])({} as never))).text()
          assert.ok(text.includes('citations') && !text.includes('CANARY'), text)
          const flowing = [
            { citations: [CANARY], choices: [{ index: 0, delta: { content: 'x' }, extra: { note: CANARY }, finish_reason: 'stop' }] },
          ]
          const flowed = await (await answerTo(route, 'anyone', chunks(flowing), true)).text()
          assert.ok(flowed.includes('citations') && !flowed.includes('CANARY'), flowed)
        })
      } else {
        it('sends nothing to anybody', () => assert.equal(upstream.calls.length, 0))
      }
    })
  }

  const answerTo = (route: string, as: string, behaviour: Behaviour, stream = false): Promise<Response> => {
    upstream.next(behaviour)
    return send(route, as, { messages: [{ role: 'user', content: 'hello' }], n: 2, stream })
  }

  function unaryOf(message: AnswerPlace['message'], at: number): Behaviour {
    const choices = [0, 1].map((index) => ({
      index,
      message: { role: 'assistant', content: 'x', ...(index === at ? message(CANARY) : {}) },
      finish_reason: 'stop',
    }))
    return raw([JSON.stringify({ id: 'c', object: 'chat.completion', choices })])
  }

  function streamOf(deltas: AnswerPlace['deltas'], at: number): Behaviour {
    const chunk = (index: number, delta: object, finish: string | null = null): object => ({
      id: 'c',
      object: 'chat.completion.chunk',
      choices: [{ index, delta, finish_reason: finish }],
    })
    return chunks([
      chunk(1 - at, { role: 'assistant', content: 'x' }),
      ...deltas(CANARY).map((delta) => chunk(at, delta)),
      chunk(0, {}, 'stop'),
      chunk(1, {}, 'stop'),
    ])
  }
})
