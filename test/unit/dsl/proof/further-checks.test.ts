// What `policy check` says beyond the compiler, on files of an operator and on those that come with the gateway.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { furtherDiagnostics } from '../../../../core/policy/further-checks.ts'
import { openPolicySet } from '../../../../core/policy/toolbox.ts'
import { PLUGINS } from '../../../../core/plugins.ts'
import { STANDARD_POLICIES } from '../../../../core/policy/load.ts'

describe('the checks that take their time', function () {
  this.timeout(120_000)
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sallyport-checks-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  it('name the test that is missing, told by running those that are there', async () => {
    const path = join(folder, 'a.policy')
    const policy = (id: string): string => `policy ${id} "x" {\n  on request\n  when request.stream\n  deny "acme.streams"\n}\n`
    // The first test makes both fire without naming either; the last one keeps both silent.
    const tests = `test "a" {\n  given request.stream = true\n  message user "hi"\n  expect deny "acme.streams"\n}\n`
    writeFileSync(path, `module acme.test\n${policy('acme.one')}${policy('acme.two')}${tests}`)
    const found = await furtherDiagnostics(openPolicySet([path], PLUGINS), null)
    assert.deepEqual(
      found.map(({ code, message }) => `${code} ${message}`),
      ['P401 no test keeps `acme.one` silent', 'P401 no test keeps `acme.two` silent'],
    )
  })

  it('find nothing in the policies that come with the gateway', async () => {
    assert.deepEqual(await furtherDiagnostics(openPolicySet([STANDARD_POLICIES], PLUGINS), folder), [])
    // New verdicts replace the file, so its inode tells whether anything was proven again.
    const files = (): readonly string[] => readdirSync(folder).map((name) => `${name} ${statSync(join(folder, name)).ino}`)
    const kept = files()
    assert.deepEqual(await furtherDiagnostics(openPolicySet([STANDARD_POLICIES], PLUGINS), folder), [])
    assert.deepEqual(files(), kept)
  })
})
