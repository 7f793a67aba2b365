// What stands for `sallyport` on the path of a shell: hands its words, and its standard input where `-` asks for it, to the process that listens at
// the address in SALLYPORT_WARM, and prints what that answers.
import { connect } from 'node:net'
import { json, text } from 'node:stream/consumers'
import type { Command, Ran } from './warm-process.ts'

const { SALLYPORT_WARM: address, ...env } = process.env
const args = process.argv.slice(2)
const input = args.includes('-') ? [await text(process.stdin)] : []
const socket = connect(address!)
socket.end(JSON.stringify({ args, cwd: process.cwd(), env, input } satisfies Command))
const { code, stdout, stderr } = (await json(socket)) as Ran
process.stdout.write(stdout)
process.stderr.write(stderr)
process.exitCode = code
