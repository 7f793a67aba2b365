// Compiles policies in a thread of its own, so that a reload of a thousand of them does not make requests wait.
import { Worker } from 'node:worker_threads'
import { PolicyError, type CompiledPolicies } from '../policy/load.ts'
import type { PolicySources } from '../server/snapshots.ts'

/** What the thread answers. Errors do not travel as they are. */
export type Compiled =
  | { readonly ok: true; readonly policies: CompiledPolicies }
  | { readonly ok: false; readonly isAboutPolicies: boolean; readonly message: string; readonly diagnostics: PolicyError['diagnostics'] }

/** Beside this file: TypeScript in the repository, JavaScript in the package. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './compile-worker.ts' : './compile-worker.js', import.meta.url)

/** Ten thousand policies take two seconds. */
const TIMEOUT_MS = 60_000

/** Reads and compiles there. Throws PolicyError as compiling here would, and whatever else went wrong as an Error. */
export async function compileAside(sources: PolicySources, timeoutMs = TIMEOUT_MS): Promise<CompiledPolicies> {
  const worker = new Worker(WORKER, { workerData: sources })
  let timer: NodeJS.Timeout | undefined
  try {
    const compiled = await new Promise<Compiled>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', (code) => reject(new Error(`the thread that compiles policies ended with ${code}`)))
      // A reload that never ended would be the last one: the next waits for it.
      timer = setTimeout(() => reject(new Error(`compiling the policies took longer than ${timeoutMs / 1000} s`)), timeoutMs)
    })
    if (compiled.ok) return compiled.policies
    throw compiled.isAboutPolicies ? new PolicyError(compiled.message, compiled.diagnostics) : new Error(compiled.message)
  } finally {
    clearTimeout(timer)
    void worker.terminate()
  }
}
