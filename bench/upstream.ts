// The mock provider: a bare TCP server that finds the end of each request and writes a prepared answer, so that it costs little.
// The model's name chooses the answer: `bench-short`, `bench-long` (200 tokens), `bench-paced` (a token every 20 ms, stamped).
// Run: node bench/upstream.ts PORT
import { createServer, type Socket } from 'node:net'
import { encodeStamp } from './stamp.ts'

const PACE_MS = 20
const PACED_TOKENS = 50
const WORDS = 'the quiet river carries small boats past old towns where people mend nets and tell long stories about winter'.split(' ')
const LONG_TEXT = Array.from({ length: 200 }, (_, i) => WORDS[i % WORDS.length]).join(' ')

function whole(content: string, tokens: number): Buffer {
  const body = JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_767_225_600,
    model: 'bench',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 20, completion_tokens: tokens, total_tokens: 20 + tokens },
  })
  return Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

const STREAM_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
const STREAM_TAIL = event(delta({}, 'stop')) + frame('data: [DONE]\n\n') + '0\r\n\r\n'

const ANSWERS = { short: whole('Hello, and good day to you.', 8), long: whole(LONG_TEXT, 200) }
const STREAMS = { short: streamed('Hello, and good day to you.'), long: streamed(LONG_TEXT) }

function streamed(text: string): Buffer {
  return Buffer.from(
    STREAM_HEAD +
      event(delta({ role: 'assistant', content: '' })) +
      text
        .split(' ')
        .map((word) => event(delta({ content: ` ${word}` })))
        .join('') +
      STREAM_TAIL,
  )
}

function delta(content: object, finishReason: string | null = null): object {
  return {
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: 1_767_225_600,
    model: 'bench',
    choices: [{ index: 0, delta: content, finish_reason: finishReason }],
  }
}

function event(body: object): string {
  return frame(`data: ${JSON.stringify(body)}\n\n`)
}

/** A chunk of chunked transfer coding; the texts are ASCII. */
function frame(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

/** Writes one stamped token after the other; the stamp is taken when the token leaves. */
function pace(socket: Socket): void {
  let left = PACED_TOKENS
  socket.write(STREAM_HEAD + event(delta({ role: 'assistant', content: '' })))
  const timer = setInterval(() => {
    if (left-- > 0) return void socket.write(event(delta({ content: ` ${encodeStamp()}` })))
    clearInterval(timer)
    socket.write(STREAM_TAIL)
  }, PACE_MS)
  socket.once('close', () => clearInterval(timer))
}

function answer(socket: Socket, body: Buffer): void {
  const kind = body.includes('bench-long') ? 'long' : 'short'
  if (!body.includes('"stream":true')) socket.write(ANSWERS[kind])
  else if (body.includes('bench-paced')) pace(socket)
  else socket.write(STREAMS[kind])
}

function serve(socket: Socket): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', (bytes: Buffer) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    for (;;) {
      const head = rest.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = /\r\ncontent-length: *(\d+)/i.exec(rest.toString('latin1', 0, head))?.[1]
      if (length === undefined) return void socket.end('HTTP/1.1 411 Length Required\r\ncontent-length: 0\r\n\r\n')
      const end = head + 4 + Number(length)
      if (rest.length < end) return
      answer(socket, rest.subarray(head + 4, end))
      rest = rest.subarray(end)
    }
  })
}

createServer(serve).listen(Number(process.argv[2]), '127.0.0.1', 4096)
