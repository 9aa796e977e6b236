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
	draft.Tenant, draft.TestMode = r.Caller.Tenant, r.Caller.TestMode
	draft.Policy = identity.Policy{Onboarding: identity.Onboarding(r.Caller.Policy.Onboarding), PendingTTL: r.Caller.Policy.PendingTTL}
	if draft.Idempotency, err = idempotency(r); err != nil {
		return gateway.Response{}, err
	}
	created, err := a.Identities.Create(r.Context(), draft)
	if err != nil {
		return gateway.Response{}, err
	}
	return respond(http.StatusCreated, created, toResponse(created.Identity)), nil
}

// idempotency is the key that came with a request, if one did.
func idempotency(r *gateway.Request) (identity.Idempotency, error) {
	key, err := r.IdempotencyKey()
	return identity.Idempotency{Key: key, Fingerprint: r.Fingerprint("blnk " + r.Operation)}, err
}

// respond shows what became of an identity.
func respond(status int, c identity.WriteResult, wire any) gateway.Response {
	return withReplayHeader(gateway.JSON(status, strictjson.Encode(wire)).WithHeader("ETag", gateway.ETag(c.ETag())), c)
}

// withReplayHeader marks the answer to a request that took effect before.
func withReplayHeader(r gateway.Response, c identity.WriteResult) gateway.Response {
	if c.Replayed {
		return r.WithHeader("Idempotent-Replayed", "true")
	}
	return r
}

// GetIdentity serves GET /identities/{id}.
func (a *API) GetIdentity(r *gateway.Request) (gateway.Response, error) {
	i, err := a.Identities.Get(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	if r.NotModified(i.ETag()) {
		return gateway.NotModifiedResponse(i.ETag()), nil
	}
	return respond(http.StatusOK, identity.WriteResult{Identity: i}, toResponse(i)), nil
}
