package conomy

import (
	"net/http"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
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
	draft.Policy = identity.Policy{Onboarding: identity.Onboarding(r.Caller.Policy.Onboarding), PendingTTL: r.Caller.Policy.PendingTTL}
	draft.DefaultOnboarding, draft.TestMode = identity.OnboardingContact, r.Caller.TestMode
	if draft.Idempotency, err = idempotency(r); err != nil {
		return gateway.Response{}, err
	}
	created, err := a.Identities.Create(r.Context(), draft)
	if err != nil {
		return gateway.Response{}, err
	}
	return respond(created), nil
}

// idempotency reads the request's key. Equal requests are equal in their body,
// in what their path names, and in their query.
func idempotency(r *gateway.Request) (identity.Idempotency, error) {
	key, err := r.IdempotencyKey()
	return identity.Idempotency{Key: key, Fingerprint: r.Fingerprint("conomy " + r.Operation + " " + r.Query.Encode())}, err
}

// changeIdentity makes a change to the identity of the path and answers the identity.
func (a *API) changeIdentity(r *gateway.Request, c registry.Change) (gateway.Response, error) {
	to, err := newChange(r)
	if err != nil {
		return gateway.Response{}, err
	}
	to.Apply, to.Children = c.Apply, c.Children
	return respondOrError(a.Identities.Update(r.Context(), to))
}

// newChange is a change of the identity of the path, as its headers want it.
func newChange(r *gateway.Request) (registry.Change, error) {
	once, err := idempotency(r)
	return registry.Change{Tenant: r.Caller.Tenant, ID: r.Param("id"), IfMatch: r.IfMatch(), GenerateID: generateID, Idempotency: once}, err
}

// respondOrError shows what became of a change.
func respondOrError(c identity.WriteResult, err error) (gateway.Response, error) {
	if err != nil {
		return gateway.Response{}, err
	}
	return respond(c), nil
}

// respond shows an identity with its version, and whether the request was
// carried out before.
func respond(c identity.WriteResult) gateway.Response {
	return withReplayHeader(gateway.JSON(http.StatusOK, strictjson.Encode(toResponse(c.Identity))).WithHeader("ETag", gateway.ETag(c.ETag())), c.Replayed)
}

// withReplayHeader tells of the answer to an earlier, equal request that it is one.
func withReplayHeader(r gateway.Response, replayed bool) gateway.Response {
	if replayed {
		return r.WithHeader("Idempotent-Replayed", "true")
	}
	return r
}

// GetIdentity serves GET /identities/{id}.
func (a *API) GetIdentity(r *gateway.Request) (gateway.Response, error) {
	i, err := a.Identities.GetWithChildren(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	if r.NotModified(i.ETag()) {
		return gateway.NotModifiedResponse(i.ETag()), nil
	}
	return respond(identity.WriteResult{Identity: i}), nil
}
