package blnk

import (
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// CreateIdentity serves POST /identities. A replay of an earlier request with
// the same Idempotency-Key is marked by the header Idempotent-Replayed.
func (a *API) CreateIdentity(r *gateway.Request) (gateway.Response, error) {
	var body createRequest
	if err := decodeIdentity(r, &body); err != nil {
		return gateway.Response{}, err
	}
	draft, err := body.draft(r.Caller.Strict)
	if err != nil {
		return gateway.Response{}, err
	}
	draft.Tenant, draft.Test = r.Caller.Tenant, !r.Caller.Production
	draft.Policy = identity.Policy{Steps: identity.Steps(r.Caller.Policy.Steps), PendingLife: r.Caller.Policy.PendingLife}
	if draft.Idempotency, err = idempotency(r); err != nil {
		return gateway.Response{}, err
	}
	created, err := a.Identities.Create(r.Context(), draft)
	if err != nil {
		return gateway.Response{}, err
	}
	return answer(http.StatusCreated, created, toWire(created.Identity)), nil
}

// idempotency is the key that came with a request, if one did.
func idempotency(r *gateway.Request) (identity.Idempotency, error) {
	key, err := r.IdempotencyKey()
	return identity.Idempotency{Key: key, Fingerprint: r.Fingerprint("blnk " + r.Operation)}, err
}

// answer shows what became of an identity.
func answer(status int, c identity.Changed, wire any) gateway.Response {
	return replayed(gateway.JSON(status, strictjson.Encode(wire)).With("ETag", gateway.ETag(c.Tag())), c)
}

// replayed marks the answer to a request that took effect before.
func replayed(r gateway.Response, c identity.Changed) gateway.Response {
	if c.Replayed {
		return r.With("Idempotent-Replayed", "true")
	}
	return r
}

// GetIdentity serves GET /identities/{id}.
func (a *API) GetIdentity(r *gateway.Request) (gateway.Response, error) {
	i, err := a.Identities.Get(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	if r.NotModified(i.Tag()) {
		return gateway.NotModified(i.Tag()), nil
	}
	return answer(http.StatusOK, identity.Changed{Identity: i}, toWire(i)), nil
}
