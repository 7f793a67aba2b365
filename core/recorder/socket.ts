// The local socket of the recorder: one line of JSON asks (`sql` or `status`), lines of JSON answer. Only the user who runs the
// recorder can open it (0600); it answers nothing but reads.
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createHash } from 'node:crypto'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export type Question = { readonly op: 'sql'; readonly query: string } | { readonly op: 'status' }
/** The last line of every answer. */
export type End = { readonly end: true } | { readonly error: string }

/** Longest path of a unix socket on the systems we run on. */
const MAX_SOCKET_PATH = 100
const MAX_QUESTION_CHARS = 1_048_576

/** Where the recorder of a spool listens: in the spool, or where its path is too long for a socket, in a private folder for sockets. */
export function socketPath(spool: string): string {
  const beside = join(spool, 'recorder.sock')
  if (Buffer.byteLength(beside) <= MAX_SOCKET_PATH) return beside
  const folder = join(tmpdir(), `sallyport-${process.getuid?.() ?? 'user'}`)
  return join(folder, `${createHash('sha256').update(spool).digest('hex').slice(0, 24)}.sock`)
}

/** Listens for questions; `answer` gives the lines of each. */
export async function listen(spool: string, answer: (question: Question) => AsyncIterable<string>): Promise<net.Server> {
  const path = socketPath(spool)
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
  rmSync(path, { force: true })
  const server = net.createServer((socket) => void serve(socket, answer))
  const mask = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  } finally {
    process.umask(mask)
  }
  chmodSync(path, 0o600)
  return server
}

async function serve(socket: net.Socket, answer: (question: Question) => AsyncIterable<string>): Promise<void> {
  socket.on('error', () => socket.destroy())
  try {
    for await (const line of answer(await readQuestion(socket))) {
      if (socket.destroyed) return
      if (!socket.write(line + '\n')) await drained(socket)
    }
    finish(socket, { end: true })
  } catch (error) {
    finish(socket, { error: error instanceof Error ? error.message : String(error) })
  }
}

const finish = (socket: net.Socket, end: End): void => {
  if (!socket.destroyed) socket.end(JSON.stringify(end) + '\n')
}

function readQuestion(socket: net.Socket): Promise<Question> {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      if (text.includes('\n')) resolve(parseQuestion(text))
      else if (text.length > MAX_QUESTION_CHARS) reject(new Error('the question is too long'))
    })
    socket.once('end', () => reject(new Error('the question has no end')))
  })
}

function parseQuestion(text: string): Question {
  const question = JSON.parse(text.slice(0, text.indexOf('\n'))) as Question
  if (question.op === 'status' || (question.op === 'sql' && typeof question.query === 'string')) return question
  throw new Error('ask {"op":"sql","query":"…"} or {"op":"status"}')
}

const drained = (socket: net.Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('drain', resolve)
    socket.once('close', () => resolve())
  })

/** Asks the recorder of a spool. Rejects with ENOENT or ECONNREFUSED when none runs, with its message when it refuses. */
export async function* ask(spool: string, question: Question): AsyncGenerator<string> {
  const socket = net.createConnection(socketPath(spool))
  await new Promise<void>((resolve, reject) => socket.once('error', reject).once('connect', resolve))
  socket.write(JSON.stringify(question) + '\n')
  let last: string | null = null
  try {
    for await (const line of createInterface({ input: socket, crlfDelay: Infinity })) {
      if (last !== null) yield last
      last = line
    }
  } finally {
    socket.destroy()
  }
  const end = last === null ? { error: 'the recorder went away in the middle of the answer' } : (JSON.parse(last) as End)
  if ('error' in end) throw new Error(end.error)
  if (!('end' in end)) throw new Error('the recorder went away in the middle of the answer')
}
