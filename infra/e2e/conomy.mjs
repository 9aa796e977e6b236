// Drives every call that Conomy's own client makes, in its manner, and checks
// what comes back. It needs CONOMY_URL, CLIENT_ID, CLIENT_SECRET and CONOMY_KEY,
// prints one line a call and exits with 1 if one went wrong.
import assert from 'node:assert/strict'

const { CONOMY_URL, CLIENT_ID, CLIENT_SECRET, CONOMY_KEY } = process.env
let token

class ApiError extends Error {
  constructor(status, message, body) {
    super(message)
    this.status = status
    this.body = body
  }
}

// call sends one request: null and undefined query values are dropped, arrays
// repeated, a body is JSON, 204 has none, and an error says its message.
async function call(method, path, { query = {}, body, headers = {} } = {}) {
  const url = new URL(CONOMY_URL + path)
  for (const [name, value] of Object.entries(query)) {
    for (const v of Array.isArray(value) ? value : [value]) {
      if (v !== null && v !== undefined) url.searchParams.append(name, String(v))
    }
  }
  const response = await fetch(url, {
    method,
    headers: {
      Accept: 'application/json',
      'x-api-key': CONOMY_KEY,
      'User-Agent': 'CedulaCheck/1.0',
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const answer = await read(response)
  if (!response.ok) {
    throw new ApiError(response.status, answer?.message ?? answer?.error ?? `HTTP ${response.status}`, answer)
  }
  return answer
}

async function read(response) {
  if (response.status === 204) return undefined
  if ((response.headers.get('content-type') ?? '').includes('application/json')) return response.json()
  return response.text()
}

let failed = 0
async function step(name, does) {
  try {
    await does()
    console.log(`ok    ${name}`)
  } catch (error) {
    failed++
    console.log(`FAIL  ${name}: ${error.message}`)
  }
}

// refused expects an error of a status and a code.
async function refused(status, code, does) {
  const error = await does().then(() => assert.fail(`no error, want ${status}`), (e) => e)
  assert.ok(error instanceof ApiError, String(error))
  assert.equal(error.status, status)
  assert.equal(error.body.code, code)
  assert.equal(error.message, error.body.message)
  assert.ok(error.message.length > 0 && error.body.error.length > 0)
}

// Other runs against the same data must not clash with this one.
const run = String(Date.now()).slice(-7)
let counted = 0
function draft(more = {}) {
  const n = run + String(++counted).padStart(2, '0')
  return {
    type: 'USER', name: 'Ana', lastname: 'Rojas', email: `ana.${n}@example.com`, phone: '+56912345678',
    documentType: 'PASSPORT', documentNumber: `A${n}`, idv: 'iv-1', country: 'CHL',
    securityOptions: { twoFactorEnabled: false }, ...more,
  }
}
const bankAccount = {
  accountNumber: '0001', bank: 'Banco Uno', currency: 'CLP', accountHolder: 'Ana Rojas',
  accountHolderDni: '12345678-5', country: 'CHL',
}


let user, organisation

await step('auth', async () => {
  const answer = await call('POST', '/auth', {
    body: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET }, headers: { 'conomyhq-api-version': '24-04-2025' },
  })
  assert.equal(answer.tokenType, 'Bearer')
  assert.equal(answer.expiresIn, 3600)
  token = answer.accessToken
})
await step('auth, wrong secret', () =>
  refused(401, '41', () => call('POST', '/auth', { body: { clientId: CLIENT_ID, clientSecret: 'wrong' } })))
await step('create', async () => {
  const sent = draft({ externalId: `e-${run}` })
  user = await call('POST', '/identities', { body: sent })
  assert.match(user.id, /^[0-9a-f]{24}$/)
  for (const name of ['type', 'name', 'lastname', 'email', 'phone', 'documentNumber', 'externalId']) assert.equal(user[name], sent[name])
  assert.equal(user.status, 'ACTIVE')
  assert.equal(user.children, null)
  await refused(409, '13', () => call('POST', '/identities', { body: sent }))
  await refused(400, '12', () => call('POST', '/identities', { body: { name: 'Ana' } }))
  organisation = await call('POST', '/identities', { body: draft({ type: 'ORGANIZATION', name: 'Acme' }) })
})
await step('get', async () => {
  assert.deepEqual(await call('GET', `/identities/${user.id}`), user)
  await refused(404, '31', () => call('GET', '/identities/000000000000000000000000'))
})
await step('list', async () => {
  for (const query of [
    { email: user.email }, { documentNumber: user.documentNumber, type: 'USER', phone: user.phone, status: 'ACTIVE' },
    { email: user.email, parents: null, scopeIdentity: undefined, limit: 10, offset: 0, sort: 'desc' },
  ]) {
    const page = await call('GET', '/identities', { query })
    assert.deepEqual(page.data, [user])
    assert.equal(page.pagination.count, 1)
    assert.deepEqual(page.pagination.pagination, { count: 1, next: 0, previous: 0, total: page.pagination.total })
    assert.deepEqual(page.pagination.results, [])
  }
  await refused(400, '11', () => call('GET', '/identities', { query: { status: ['ACTIVE', 'BLOCKED'] } }))
  await refused(400, '11', () => call('GET', '/identities', { query: { limit: 101 } }))
})
await step('list, page by page', async () => {
  const seen = []
  for (let offset = 0, pages = 0; pages === 0 || offset > 0; pages++) {
    const page = await call('GET', '/identities', { query: { limit: 1, offset, phone: user.phone, sort: 'asc' } })
    seen.push(...page.data.map((i) => i.id))
    offset = page.pagination.next
  }
  assert.equal(new Set(seen).size, seen.length)
  assert.ok(seen.indexOf(user.id) >= 0 && seen.indexOf(user.id) < seen.indexOf(organisation.id))
})
const patch = (body) => call('PATCH', `/identities/${user.id}`, { body })
await step('update', async () => {
  const changed = await patch({ nickname: 'Anita', email: 'ignored@example.com' })
  assert.equal(changed.nickname, 'Anita')
  assert.equal(changed.email, user.email)
  assert.equal((await patch({ nickname: null })).nickname, '')
})
await step('addBankAccount', async () => {
  assert.equal((await patch({ bankAccount })).bankAccount.accountNumber, '0001')
})
await step('updateBankAccount', async () => {
  const changed = await patch({ bankAccount: { nickname: 'Main' } })
  assert.equal(changed.bankAccount.nickname, 'Main')
  assert.equal(changed.bankAccount.bank, 'Banco Uno')
})
await step('updateUserInfo', async () => {
  assert.equal((await patch({ name: 'Ana María', lastname: 'Rojas', gender: 'F' })).name, 'Ana María')
})
await step('updateAddress', async () => {
  const changed = await patch({ address: { street: 'Los Leones', streetNumber: '12', country: 'CHL' } })
  assert.equal(changed.address.street, 'Los Leones')
  assert.equal(changed.address.zipcode, '')
})
await step('deactivate', async () => {
  assert.equal((await call('PATCH', `/identities/${user.id}/deactivate`, { body: { reason: 'any' } })).status, 'INACTIVE')
})
await step('reactivate', async () => {
  assert.equal((await call('PATCH', `/identities/${user.id}/reactivate`, { body: {} })).status, 'ACTIVE')
})
await step('addChildren', async () => {
  const parent = await call('POST', `/identities/${organisation.id}/children`, { body: { children: [user.id] } })
  assert.deepEqual(parent.children, [{ id: user.id, name: 'Ana María', lastName: 'Rojas', email: user.email }])
  await refused(404, '31', () => call('POST', `/identities/${organisation.id}/children`, { body: { children: ['absent'] } }))
})
await step('listParents', async () => {
  const { data } = await call('GET', `/identities/parents/${user.id}`)
  assert.deepEqual(data.map((i) => i.id), [organisation.id])
})
await step('list by parents', async () => {
  const page = await call('GET', '/identities', { query: { parents: [organisation.id] } })
  assert.deepEqual(page.data.map((i) => i.id), [user.id])
})
await step('removeChildren, with a body', async () => {
  const parent = await call('DELETE', `/identities/${organisation.id}/children`, { body: { children: [user.id] } })
  assert.equal(parent.children, null)
})
const permissions = () => `/identities/${user.id}/permissions`
const scope = () => ({ resource: 'IDENTITY', reference: organisation.id, permissions: ['account:read', 'admin'] })
await step('permissions, add', async () => {
  assert.deepEqual(await call('POST', permissions(), { body: [scope()] }), {})
})
await step('permissions, list', async () => {
  assert.deepEqual(await call('GET', permissions()), [scope()])
})
await step('list by scopeIdentity', async () => {
  const page = await call('GET', '/identities', { query: { scopeIdentity: user.id } })
  assert.deepEqual(page.data.map((i) => i.id), [organisation.id])
})
await step('permissions, remove', async () => {
  const path = `${permissions()}/${organisation.id}`
  assert.equal(await call('DELETE', path, { query: { resource: 'IDENTITY' } }), undefined)
  await refused(404, '31', () => call('DELETE', path, { query: { resource: 'IDENTITY' } }))
})
let account
await step('withdrawalAccounts, add', async () => {
  account = await call('POST', `/identities/${user.id}/withdrawal-accounts`, { body: bankAccount })
  assert.equal(account.accountHolder, 'Ana Rojas')
})
await step('withdrawalAccounts, list', async () => {
  assert.deepEqual(await call('GET', `/identities/${user.id}/withdrawal-accounts`), [account])
})
await step('withdrawalAccounts, remove', async () => {
  assert.equal(await call('DELETE', `/identities/${user.id}/withdrawal-accounts/${account.id}`), undefined)
})
await step('accounts.escrowFee', () =>
  refused(501, '42', () => call('POST', `/identities/${user.id}/accounts/escrow-fee`, { body: { fee: 1 } })))
await step('delete', async () => {
  for (const { id } of [user, organisation]) {
    assert.equal(await call('DELETE', `/identities/${id}`), undefined)
    await refused(404, '31', () => call('DELETE', `/identities/${id}`))
  }
})

console.log(failed ? `${failed} failed` : 'all calls answered as expected')
process.exit(failed ? 1 : 0)
