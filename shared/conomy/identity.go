package conomy

import (
	"net/http"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// CreateIdentity serves POST /identities. A replay of an earlier request with
// the same Idempotency-Key is marked by the header Idempotent-Replayed.
func (a *API) CreateIdentity(r *gateway.Request) (gateway.Response, error) {
	var body createRequest
	if err := decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	draft, err := body.draft(r.Caller.Strict)
	if err != nil {
		return gateway.Response{}, err
	}
	draft.Tenant = r.Caller.Tenant
	draft.Trusted = r.Caller.Scopes.Has(auth.ScopeIdentityStatusWrite)
	draft.Policy = identity.Policy{Steps: identity.Steps(r.Caller.Policy.Steps), PendingLife: r.Caller.Policy.PendingLife}
	draft.Usual, draft.Test = identity.Contact, !r.Caller.Production
	if draft.Idempotency, err = idempotency(r); err != nil {
		return gateway.Response{}, err
	}
	created, err := a.Identities.Create(r.Context(), draft)
	if err != nil {
		return gateway.Response{}, err
	}
	return answer(created), nil
}

// idempotency reads the request's key. Equal requests are equal in their body,
// in what their path names, and in their query.
func idempotency(r *gateway.Request) (identity.Idempotency, error) {
	key, err := r.IdempotencyKey()
	return identity.Idempotency{Key: key, Fingerprint: r.Fingerprint("conomy " + r.Operation + " " + r.Query.Encode())}, err
}

// change makes a change to the identity of the path and answers the identity.
func (a *API) change(r *gateway.Request, c identity.Change) (gateway.Response, error) {
	to, err := changeOf(r)
	if err != nil {
		return gateway.Response{}, err
	}
	to.Apply, to.Relink = c.Apply, c.Relink
	return answered(a.Identities.Change(r.Context(), to))
}

// changeOf is a change of the identity of the path, as its headers want it.
func changeOf(r *gateway.Request) (identity.Change, error) {
	once, err := idempotency(r)
	return identity.Change{Tenant: r.Caller.Tenant, ID: r.Param("id"), Match: r.IfMatch(), MintID: mintID, Idempotency: once}, err
}

// answered shows what became of a change.
func answered(c identity.Changed, err error) (gateway.Response, error) {
	if err != nil {
		return gateway.Response{}, err
	}
	return answer(c), nil
}

// answer shows an identity with its version, and whether the request was
// carried out before.
func answer(c identity.Changed) gateway.Response {
	return marked(gateway.JSON(http.StatusOK, strictjson.Encode(toWire(c.Identity))).With("ETag", gateway.ETag(c.Tag())), c.Replayed)
}

// marked tells of the answer to an earlier, equal request that it is one.
func marked(r gateway.Response, replayed bool) gateway.Response {
	if replayed {
		return r.With("Idempotent-Replayed", "true")
	}
	return r
}

// GetIdentity serves GET /identities/{id}.
func (a *API) GetIdentity(r *gateway.Request) (gateway.Response, error) {
	i, err := a.Identities.GetWithChildren(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	if r.NotModified(i.Tag()) {
		return gateway.NotModified(i.Tag()), nil
	}
	return answer(identity.Changed{Identity: i}), nil
}
