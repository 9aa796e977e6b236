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
	draft.Idempotency = idempotency(r)
	created, err := a.Identities.Create(r.Context(), draft)
	if err != nil {
		return gateway.Response{}, err
	}
	return answer(created), nil
}

// idempotency reads the request's key. Equal requests are equal in their body,
// in what their path names, and in their query.
func idempotency(r *gateway.Request) identity.Idempotency {
	return identity.Idempotency{
		Key:         r.Header.Get("Idempotency-Key"),
		Fingerprint: r.Fingerprint("conomy " + r.Operation + " " + r.Query.Encode()),
	}
}

// answer shows an identity with its version, and whether the request was
// carried out before.
func answer(c identity.Changed) gateway.Response {
	return marked(gateway.JSON(http.StatusOK, strictjson.Encode(toWire(c.Identity))).With("ETag", gateway.ETag(c.Version)), c.Replayed)
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
	if r.NotModified(i.Version) {
		return gateway.NotModified(i.Version), nil
	}
	return answer(identity.Changed{Identity: i}), nil
}
