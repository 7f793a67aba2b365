// `sallyport init`: a configuration and a first policy to start from. It never writes over anything.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { Command } from 'commander'
import { FIRST_POLICY, FIRST_YAML } from './init-files.ts'

const FILES: readonly (readonly [string, string])[] = [
  ['sallyport.yaml', FIRST_YAML],
  ['policies/house.policy', FIRST_POLICY],
]

export function registerInit(program: Command): void {
  program
    .command('init')
    .description('write an annotated sallyport.yaml and a policies folder to start from')
    .argument('[folder]', 'where to write', '.')
    .action((folder: string) => {
      const written = scaffold(resolve(folder))
      process.stdout.write(`${written.map((file) => `wrote ${shortest(file)}`).join('\n')}\n\n${nextSteps(folder)}`)
    })
}

/** Writes the files below `folder` and returns their paths. Throws, with nothing written, when one of them is there. */
export function scaffold(folder: string): readonly string[] {
  const files = FILES.map(([name, text]) => [join(folder, name), text] as const)
  const there = files.map(([path]) => path).filter((path) => existsSync(path))
  if (there.length > 0)
    throw new Error(`already there: ${there.join(', ')}; nothing was written. Move it away, or name another folder: sallyport init FOLDER`)
  for (const [path, text] of files) {
    mkdirSync(dirname(path), { recursive: true })
    // `wx` refuses what appeared since the check.
    writeFileSync(path, text, { flag: 'wx' })
  }
  return files.map(([path]) => path)
}

/** Relative where it lies below the folder that the reader is in. */
function shortest(file: string): string {
  const path = relative(process.cwd(), file)
  return path.startsWith(`..${sep}`) ? file : path
}

/** Commands as the reader can type them from here: in a clone there is no `sallyport` on the path, `npm run` stands for it. */
function nextSteps(folder: string): string {
  const viaNpm = process.env['npm_lifecycle_event'] === 'sallyport'
  const command = viaNpm ? 'npm run -s sallyport --' : 'sallyport'
  const config = folder === '.' ? '' : ` --config ${join(folder, 'sallyport.yaml')}`
  const steps = [
    [`policy test ${join(folder, 'policies')}`, 'the tests in your policies'],
    [`doctor${config}`, 'is everything in order?'],
    [`serve${config}`, 'start the gateway'],
  ].map(([words, what]) => [`  ${command} ${words}`, what] as const)
  const width = Math.max(...steps.map(([typed]) => typed.length))
  return ['Next:', ...steps.map(([typed, what]) => `${typed.padEnd(width)}   # ${what}`), ''].join('\n')
}
