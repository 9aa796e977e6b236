package conomy

import (
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// ListIdentities serves GET /identities.
func (a *API) ListIdentities(r *gateway.Request) (gateway.Response, error) {
	request, err := listQuery(r.Query)
	if err != nil {
		return gateway.Response{}, err
	}
	return a.list(r, request)
}

// SearchIdentities serves POST /identities/search: the same list, with its
// filters in the body, so that they stand in no URL.
func (a *API) SearchIdentities(r *gateway.Request) (gateway.Response, error) {
	var request listRequest
	if err := decode(r, &request); err != nil {
		return gateway.Response{}, err
	}
	return a.list(r, request)
}

func (a *API) list(r *gateway.Request, request listRequest) (gateway.Response, error) {
	listing, err := request.listing()
	if err != nil {
		return gateway.Response{}, err
	}
	listing.Tenant = r.Caller.Tenant
	page, err := a.Identities.List(r.Context(), listing)
	if err != nil {
		return gateway.Response{}, err
	}
	return gateway.JSON(http.StatusOK, strictjson.Encode(toListWire(page))), nil
}

// listWire is Conomy's doubled envelope: the identities, the four figures, and
// the same figures once more inside, where its schema has them.
type listWire struct {
	Data       []identityWire `json:"data"`
	Pagination paginationWire `json:"pagination"`
}

type paginationWire struct {
	figuresWire
	Pagination figuresWire    `json:"pagination"`
	Results    []identityWire `json:"results"`
}

// figuresWire: next is the cursor of the next page, 0 after the last. Pages are
// walked forwards only, so previous is always 0.
type figuresWire struct {
	Count    int   `json:"count"`
	Next     int64 `json:"next"`
	Previous int64 `json:"previous"`
	Total    int   `json:"total"`
}

func toListWire(p identity.Page) listWire {
	figures := figuresWire{Count: len(p.Identities), Next: p.Next, Total: p.Total}
	return listWire{
		Data:       toWires(p.Identities),
		Pagination: paginationWire{figuresWire: figures, Pagination: figures, Results: []identityWire{}},
	}
}

func toWires(list []identity.Identity) []identityWire {
	wires := make([]identityWire, len(list))
	for n := range list {
		wires[n] = toWire(list[n])
	}
	return wires
}
