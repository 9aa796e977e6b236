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
	if err := decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	draft, err := body.draft()
	if err != nil {
		return gateway.Response{}, err
	}
	draft.Tenant = r.Caller.Tenant
	draft.Idempotency = identity.Idempotency{
		Key:         r.Header.Get("Idempotency-Key"),
		Fingerprint: r.Fingerprint("blnk " + r.Operation),
	}
	created, err := a.Identities.Create(r.Context(), draft)
	if err != nil {
		return gateway.Response{}, err
	}
	answer := gateway.JSON(http.StatusCreated, strictjson.Encode(toWire(created.Identity)))
	if created.Replayed {
		answer = answer.With("Idempotent-Replayed", "true")
	}
	return answer, nil
}

// GetIdentity serves GET /identities/{id}.
func (a *API) GetIdentity(r *gateway.Request) (gateway.Response, error) {
	i, err := a.Identities.Get(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	return gateway.JSON(http.StatusOK, strictjson.Encode(toWire(i))), nil
}
