// Programs of the distribution that the suite starts. What is missing is installed where that needs nobody's consent (as root, with apt-get); else one
// line says what to type.
import { spawnSync } from 'node:child_process'

const NEEDED: readonly (readonly [program: string, distributionPackage: string])[] = [['redis-server', 'redis-server']]

const isThere = (program: string): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined

export function provideNeeds(): void {
  for (const [program, name] of NEEDED) {
    if (isThere(program)) continue
    if (process.getuid?.() === 0 && isThere('apt-get')) {
      console.log(`${program} is missing; installing it with apt-get`)
      // The package would start a server of its own; only the program is needed.
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
      spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env })
      spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], { stdio: 'inherit', env })
    }
    if (!isThere(program))
      console.log(`${program} is missing, and tests need it: install it, for example with \`sudo apt-get install ${name}\``)
  }
}
