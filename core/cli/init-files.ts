// What `sallyport init` writes. A test loads the configuration and runs the policy's tests, so both stay true.

export const FIRST_YAML = `# yaml-language-server: $schema=https://sallyport.dev/sallyport.schema.json
# Every setting, with its default: docs/configuration.md. \${NAME} takes a value from the environment.
# Changes are picked up while the gateway runs; a bad file keeps the last good one.

server:
  host: 127.0.0.1
  port: 8080

policies:
  standard: true            # access, PII modes, quotas, secure routing: policies you can read and replace
  paths: [./policies]       # yours

# Who answers. A credential is named here and never written here.
providers:
  - { name: sim, type: sim, zone: internal }        # simulated: costs nothing, needs no key
# - { name: openai, type: openai, zone: us, credential: { env: OPENAI_API_KEY } }
# - { name: claude, type: anthropic, zone: us, credential: { env: ANTHROPIC_API_KEY } }

# What clients may name. The first active model is what "auto" means.
models:
  - name: sim-chat
    targets: [{ provider: sim, model: sim-chat }]
    rates: { currency: USD, input: 0.40, cachedInput: 0.10, output: 1.60 }     # per million tokens
  - name: sim-echo
    targets: [{ provider: sim, model: sim-echo }]
    rates: { currency: USD, input: 0.40, output: 1.60 }
# - name: gpt-4.1-mini
#   targets: [{ provider: openai, model: gpt-4.1-mini }, { provider: claude, model: claude-haiku-4-5 }]   # the second if the first fails
#   rates: { currency: USD, input: 0.40, cachedInput: 0.10, output: 1.60 }

# What applications use models for: x-sallyport-feature names one.
features:
  - { name: assistant, model: sim-chat, fallback: [sim-echo], pii: scrub }     # scrub | warn | allow

# Who calls. Make a key with: sallyport keys create --tenant demo
tenants:
  - id: demo
    timeZone: UTC
    defaultFeature: assistant
    quota:
      dailyTokens: { soft: 800000, hard: 1000000 }
      rpm: 600
      concurrency: 50
`

export const FIRST_POLICY = `module house version "1.0"
import standard.detectors as std

## A first policy. Change it, save it, and the running gateway judges by it; \`sallyport policy test policies\` runs the tests below.

policy house.cards "Card numbers do not leave the house" {
  severity high
  on       request
  when     prompt contains std.payment_card
  deny     "house.card_number" "Remove the card number and send the request again."
}

test "a card number is refused" {
  given   key.scopes = ["chat"]
  message user "pay with 4111 1111 1111 1111 please"
  expect  deny "house.card_number"
}
test "other numbers pass" {
  given   key.scopes = ["chat"]
  message user "order 4111 1111 1111 1112"
  expect  policy house.cards silent
}
`
