// Drives every call about identities of Blnk's own TypeScript SDK and checks what
// comes back. It needs BLNK_URL, BLNK_KEY and BLNK_SDK, the folder whose
// node_modules holds the SDK, prints one line a call and exits with 1 if one went
// wrong.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const { BLNK_URL, BLNK_KEY, BLNK_SDK } = process.env
const { BlnkInit } = createRequire(join(BLNK_SDK, 'client.js'))('@blnkfinance/blnk-typescript')

const silent = { info() {}, error() {}, debug() {}, warn() {} }
const clientOf = (key) => BlnkInit(key, { baseUrl: BLNK_URL, logger: silent, retryCount: 1 })
const blnk = clientOf(BLNK_KEY)

let failed = 0

// line makes one call and prints how it went. It returns the data that came.
async function line(name, call, check) {
  try {
    const answer = await call()
    check(answer)
    console.log(`ok    ${answer.status} ${name}`)
    return answer.data
  } catch (error) {
    failed++
    console.log(`FAIL  ${name}: ${error.message.split('\n')[0]}`)
    return undefined
  }
}

// done expects success.
function done(name, status, call, check = () => {}) {
  return line(name, call, (answer) => {
    assert.deepEqual([answer.status, answer.error], [status, undefined], JSON.stringify(answer))
    assert.equal(answer.message, 'Success')
    check(answer.data)
  })
}

// refused expects an error of a status and a code, in Blnk's envelope.
function refused(name, status, code, call) {
  return line(`${name}: ${code}`, call, (answer) => {
    assert.deepEqual([answer.status, answer.error?.code], [status, code], JSON.stringify(answer))
    assert.ok(answer.message.length > 0)
    assert.equal(answer.message, answer.error.message)
    assert.equal(answer.data.error, answer.message)
    assert.equal(answer.data.error_detail.code, code)
  })
}

// Other runs against the same data must not meet what this one makes.
const run = `run-${Date.now()}`
const keys = ['identity_id', 'identity_type', 'organization_name', 'category', 'first_name', 'last_name', 'other_names', 'gender',
  'email_address', 'phone_number', 'nationality', 'street', 'country', 'state', 'post_code', 'city', 'dob', 'created_at', 'meta_data']
const unknownId = 'idt_c415a4dc-4231-453d-a837-a9a50b1070e0'
const amara = {
  identity_type: 'individual', first_name: 'Amara', last_name: 'Okafor', gender: 'female', dob: new Date('1990-01-15'), category: run,
  email_address: 'amara.okafor@example.com', phone_number: '+2348012345678', street: '1 Marina', post_code: '01234', country: 'NG',
  meta_data: { tier: 'gold' },
}
const acme = {
  identity_id: `idt_${crypto.randomUUID()}`, identity_type: 'organization', organization_name: 'Acme', category: run, country: 'KE',
}
const ids = (list) => list.map((i) => i.identity_id)
const same = (value) => (data) => assert.deepEqual(data, value)

await done('System.health', 200, () => blnk.System.health(), same({ status: 'UP' }))

// Creating and reading.
const person = await done('Identity.create', 201, () => blnk.Identity.create(amara), (i) => {
  assert.deepEqual(Object.keys(i), keys)
  assert.match(i.identity_id, /^idt_[0-9a-f-]{36}$/)
  assert.equal(i.dob, '1990-01-15T00:00:00Z')
  for (const name of ['first_name', 'post_code', 'phone_number', 'category']) assert.equal(i[name], amara[name])
  assert.deepEqual([i.city, i.meta_data], ['', { tier: 'gold' }])
}) ?? {}
const id = person.identity_id
const firm = await done('Identity.create, own id', 201, () => blnk.Identity.create(acme), (i) => {
  assert.equal(i.identity_id, acme.identity_id)
  assert.deepEqual([i.meta_data, i.dob], [null, '0001-01-01T00:00:00Z'])
})
await refused('Identity.create, own id again', 409, 'GEN_CONFLICT', () => blnk.Identity.create(acme))
await refused('Identity.create, long name', 400, 'IDT_VALIDATION_ERROR',
  () => blnk.Identity.create({ ...amara, first_name: 'x'.repeat(257) }))
await refused('Identity.create, a number for a name', 400, 'GEN_MALFORMED_REQUEST',
  () => blnk.Identity.create({ ...amara, first_name: 5 }))
await done('Identity.get', 200, () => blnk.Identity.get(id), same(person))
await refused('Identity.get, unknownId', 404, 'IDT_NOT_FOUND', () => blnk.Identity.get(unknownId))
await done('Identity.list', 200, () => blnk.Identity.list(), (list) => {
  assert.ok(list.length <= 100)
  assert.deepEqual(list.slice(0, 2), [firm, person])
})

// Filtering.
const filter = (filters, more = {}) => () => blnk.Search.filter({ filters, ...more }, 'identities')
const mine = { field: 'category', operator: 'eq', value: run }
for (const [name, condition, found] of [
  ['eq', { field: 'first_name', operator: 'eq', value: 'Amara' }, [id]],
  ['eq, a number for a text', { field: 'post_code', operator: 'eq', value: '01234' }, [id]],
  ['eq, in meta_data', { field: 'meta_data.tier', operator: 'eq', value: 'gold' }, [id]],
  ['ne', { field: 'first_name', operator: 'ne', value: 'Amara' }, [acme.identity_id]],
  ['in', { field: 'country', operator: 'in', values: ['NG', 'KE'] }, [acme.identity_id, id]],
  ['like', { field: 'email_address', operator: 'like', value: 'amara%' }, [id]],
  ['ilike', { field: 'organization_name', operator: 'ilike', value: 'aCM%' }, [acme.identity_id]],
  ['gt', { field: 'dob', operator: 'gt', value: '1990-01-14' }, [id]],
  ['between', { field: 'dob', operator: 'between', values: ['1990-01-15', '1990-01-16'] }, [id]],
  ['gte, created_at', { field: 'created_at', operator: 'gte', value: person.created_at }, [acme.identity_id, id]],
  ['eq, nothing', { field: 'first_name', operator: 'eq', value: 'Nemo' }, []],
]) {
  await done(`Search.filter ${name}`, 200, filter([mine, condition]), (list) => assert.deepEqual(ids(list), found))
}
await done('Search.filter or', 200, filter([{ ...mine, value: 'none' }, { ...mine, operator: 'in', value: undefined, values: [run] }], { logical_operator: 'or' }),
  (list) => assert.deepEqual(ids(list), [acme.identity_id, id]))
await done('Search.filter sorted, a page', 200, filter([mine], { sort_by: 'country', sort_order: 'desc', limit: 1, offset: 1 }),
  (list) => assert.deepEqual(ids(list), [acme.identity_id]))
await done('Search.filter counted', 200, filter([mine], { include_count: true, limit: 1 }),
  (page) => assert.deepEqual([ids(page.data), page.total_count], [[acme.identity_id], 2]))
await done('Search.filter counted, nothing', 200, filter([{ ...mine, value: 'none' }], { include_count: true }), same({ data: [], total_count: 0 }))
await refused('Search.filter, no such field', 400, 'GEN_VALIDATION_ERROR', filter([{ ...mine, field: 'shoe_size' }]))
await refused('Search.search', 400, 'SRCH_QUERY_INVALID', () => blnk.Search.search({ q: 'Amara' }, 'identities'))

// Changing.
const individual = { identity_type: 'individual' }
await done('Identity.update', 200, () => blnk.Identity.update(id, { ...individual, city: 'Lagos', street: '' }), ({ message, ...i }) => {
  assert.equal(message, 'Identity updated successfully')
  assert.deepEqual(i, { ...person, city: 'Lagos', street: '' })
})
await refused('Identity.update, long name', 400, 'IDT_VALIDATION_ERROR',
  () => blnk.Identity.update(id, { ...individual, last_name: 'x'.repeat(257) }))
await refused('Identity.update, unknownId', 404, 'IDT_NOT_FOUND', () => blnk.Identity.update(unknownId, individual))
await done('Metadata.update', 200, () => blnk.Metadata.update(id, { meta_data: { since: 2026, tier: null } }),
  same({ meta_data: { tier: null, since: 2026 } }))
await refused('Metadata.update, unknownId', 404, 'META_ENTITY_NOT_FOUND', () => blnk.Metadata.update(unknownId, { meta_data: {} }))
await refused('Metadata.update, no id', 400, 'META_INVALID_ENTITY_ID', () => blnk.Metadata.update('a b', { meta_data: {} }))

// Tokenizing.
await done('Identity.getTokenizedFields, none', 200, () => blnk.Identity.getTokenizedFields(id), same({ tokenized_fields: [] }))
await done('Identity.tokenizeField', 200, () => blnk.Identity.tokenizeField(id, 'FirstName'), same({ message: 'Field tokenized successfully' }))
await refused('Identity.tokenizeField again', 409, 'IDT_FIELD_ALREADY_TOKENIZED', () => blnk.Identity.tokenizeField(id, 'FirstName'))
await refused('Identity.tokenizeField, no such field', 400, 'IDT_FIELD_NOT_TOKENIZABLE', () => blnk.Identity.tokenizeField(id, 'first_name'))
await refused('Identity.tokenizeField, unknownId', 404, 'IDT_NOT_FOUND', () => blnk.Identity.tokenizeField(unknownId, 'FirstName'))
await done('Identity.tokenize', 200, () => blnk.Identity.tokenize(id, { fields: ['EmailAddress', 'PostCode'] }),
  same({ message: 'Fields tokenized successfully' }))
await refused('Identity.tokenize, one of them twice', 409, 'IDT_FIELD_ALREADY_TOKENIZED',
  () => blnk.Identity.tokenize(id, { fields: ['LastName', 'PostCode'] }))
const tokenized = ['FirstName', 'EmailAddress', 'PostCode']
await done('Identity.getTokenizedFields', 200, () => blnk.Identity.getTokenizedFields(id), same({ tokenized_fields: tokenized }))
const shown = await done('Identity.get, tokenized', 200, () => blnk.Identity.get(id), (i) => {
  assert.match(i.first_name, /^FPT:[A-Z][a-z]{4}:/)
  assert.match(i.email_address, /^FPT:[a-z]{5}\.[a-z]{6}@[a-z]{7}\.[a-z]{3}:/)
  assert.match(i.post_code, /^FPT:\d{5}:/)
  assert.equal(i.last_name, 'Okafor')
}) ?? {}
await done('Identity.update, tokenized, as shown', 200, () => blnk.Identity.update(id, { ...individual, first_name: shown.first_name }),
  (i) => assert.equal(i.first_name, shown.first_name))
await done('Identity.detokenizeField', 200, () => blnk.Identity.detokenizeField(id, 'FirstName'), same({ field: 'FirstName', value: 'Amara' }))
await refused('Identity.detokenizeField, not tokenized', 400, 'IDT_FIELD_NOT_TOKENIZED', () => blnk.Identity.detokenizeField(id, 'LastName'))
await done('Identity.detokenize', 200, () => blnk.Identity.detokenize(id, { fields: ['PostCode'] }), same({ fields: { PostCode: '01234' } }))
await done('Identity.detokenize, all', 200, () => blnk.Identity.detokenize(id, { fields: [] }),
  same({ fields: { FirstName: 'Amara', EmailAddress: amara.email_address, PostCode: '01234' } }))
await refused('Identity.detokenize, unknownId', 404, 'IDT_NOT_FOUND', () => blnk.Identity.detokenize(unknownId, { fields: [] }))
await done('Identity.update, tokenized, another value', 200, () => blnk.Identity.update(id, { ...individual, first_name: 'Ada' }),
  (i) => assert.match(i.first_name, /^FPT:[A-Z][a-z]{2}:/))
await done('Identity.detokenizeField, the new value', 200, () => blnk.Identity.detokenizeField(id, 'FirstName'),
  same({ field: 'FirstName', value: 'Ada' }))

// Keys.
const owner = `team ${run}`
const draft = { name: 'reporting', owner, scopes: ['identities:read'], expires_at: '2100-01-01T00:00:00Z' }
const key = await done('ApiKeys.create', 201, () => blnk.ApiKeys.create(draft), (k) => {
  assert.ok(k.key.length > 20 && k.api_key_id)
  assert.deepEqual([k.name, k.owner_id, k.scopes, k.is_revoked], [draft.name, owner, draft.scopes, false])
  assert.equal(Date.parse(k.expires_at), Date.parse(draft.expires_at))
}) ?? {}
const unused = await done('ApiKeys.create, another', 201, () => blnk.ApiKeys.create({ ...draft, scopes: ['identities:*'] })) ?? {}
await done('ApiKeys.list', 200, () => blnk.ApiKeys.list({ owner }), (list) => {
  assert.deepEqual(list.map((k) => k.api_key_id).sort(), [key.api_key_id, unused.api_key_id].sort())
  for (const k of list) assert.ok(k.key.length < key.key.length && [key, unused].some((whole) => whole.key.startsWith(k.key)))
})
await done('ApiKeys.list, unknownId', 200, () => blnk.ApiKeys.list({ owner: 'unknownId' }), same([]))
await done('ApiKeys.list, all', 200, () => blnk.ApiKeys.list(), (list) => assert.ok(list.some((k) => k.api_key_id === key.api_key_id)))
await refused('ApiKeys.create, no scope', 400, 'GEN_VALIDATION_ERROR', () => blnk.ApiKeys.create({ ...draft, scopes: ['identities'] }))
await refused('ApiKeys.create, over before it begins', 400, 'GEN_VALIDATION_ERROR',
  () => blnk.ApiKeys.create({ ...draft, expires_at: '2001-01-01T00:00:00Z' }))
await refused('ApiKeys.delete, no such key', 404, 'GEN_NOT_FOUND', () => blnk.ApiKeys.delete('api_key_absent', { owner }))
await refused('ApiKeys.delete, of another owner', 404, 'GEN_NOT_FOUND', () => blnk.ApiKeys.delete(key.api_key_id, { owner: 'unknownId' }))

const reader = clientOf(key.key)
await done('Identity.get, by a reader', 200, () => reader.Identity.get(id))
await done('Search.filter, by a reader', 200, () => reader.Search.filter({ filters: [mine] }, 'identities'))
for (const [name, call] of [
  ['Identity.create', () => reader.Identity.create(amara)],
  ['Identity.update', () => reader.Identity.update(id, individual)],
  ['Identity.delete', () => reader.Identity.delete(id)],
  ['Identity.tokenizeField', () => reader.Identity.tokenizeField(id, 'LastName')],
  ['Identity.detokenizeField', () => reader.Identity.detokenizeField(id, 'FirstName')],
  ['Identity.detokenize', () => reader.Identity.detokenize(id, { fields: [] })],
  ['Metadata.update', () => reader.Metadata.update(id, { meta_data: {} })],
  ['ApiKeys.create', () => reader.ApiKeys.create(draft)],
]) await refused(`${name}, by a reader`, 403, 'AUTH_INSUFFICIENT_PERMISSIONS', call)

const maker = await done('ApiKeys.create, one that makes keys', 201,
  () => blnk.ApiKeys.create({ ...draft, scopes: ['identities:read', 'api-keys:*'] })) ?? {}
const child = await done('ApiKeys.create, by that', 201, () => clientOf(maker.key).ApiKeys.create(draft)) ?? {}
await refused('ApiKeys.create, more than that may do', 403, 'AUTH_INSUFFICIENT_PERMISSIONS',
  () => clientOf(maker.key).ApiKeys.create({ ...draft, scopes: ['identities:write'] }))
for (const { api_key_id: made } of [maker, child]) await done('ApiKeys.delete, made here', 204, () => blnk.ApiKeys.delete(made))

await done('ApiKeys.delete, unused', 204, () => blnk.ApiKeys.delete(unused.api_key_id, { owner }), same(null))
await refused('Identity.get, by the revoked key', 401, 'AUTH_EXPIRED_API_KEY', () => clientOf(unused.key).Identity.get(id))
await done('ApiKeys.delete', 204, () => blnk.ApiKeys.delete(key.api_key_id, { owner }), same(null))
const revoked = Date.now()

await refused('Identity.get, wrong key', 401, 'AUTH_INVALID_API_KEY', () => clientOf('wrong').Identity.get(id))
await refused('Identity.get, no key', 401, 'AUTH_MISSING_API_KEY', () => clientOf('').Identity.get(id))

// A key that was in use is remembered by those that let it in.
let answer
do {
  await new Promise((wake) => { setTimeout(wake, 500) })
  answer = await reader.Identity.get(id)
} while (answer.status === 200 && Date.now() - revoked < 60_000)
await refused(`Identity.get, by the key that was in use, ${Math.round((Date.now() - revoked) / 1000)} s later`, 401, 'AUTH_EXPIRED_API_KEY', () => answer)

// Deleting.
for (const gone of [id, acme.identity_id]) {
  await done('Identity.delete', 200, () => blnk.Identity.delete(gone), same({ message: 'Identity deleted successfully' }))
  await refused('Identity.delete again', 404, 'IDT_NOT_FOUND', () => blnk.Identity.delete(gone))
}

console.log(failed ? `${failed} failed` : 'all calls answered as expected')
process.exit(failed ? 1 : 0)
