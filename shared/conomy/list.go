package conomy

import (
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/strictjson"
)

// ListIdentities serves GET /identities.
func (a *API) ListIdentities(r *gateway.Request) (gateway.Response, error) {
	request, err := parseListQuery(r.Query)
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
	listing, err := request.listParams()
	if err != nil {
		return gateway.Response{}, err
	}
	listing.Tenant = r.Caller.Tenant
	page, err := a.Identities.List(r.Context(), listing)
	if err != nil {
		return gateway.Response{}, err
	}
	return gateway.JSON(http.StatusOK, strictjson.Encode(toListResponse(page))), nil
}

// listResponse is Conomy's doubled envelope: the identities, the four figures, and
// the same figures once more inside, where its schema has them.
type listResponse struct {
	Data       []identityResponse `json:"data"`
	Pagination paginationResponse `json:"pagination"`
}

type paginationResponse struct {
	pageInfo
	Pagination pageInfo           `json:"pagination"`
	Results    []identityResponse `json:"results"`
}

// pageInfo: next is the cursor of the next page, 0 after the last. Pages are
// walked forwards only, so previous is always 0.
type pageInfo struct {
	Count    int   `json:"count"`
	Next     int64 `json:"next"`
	Previous int64 `json:"previous"`
	Total    int   `json:"total"`
}

func toListResponse(p registry.Page) listResponse {
	figures := pageInfo{Count: len(p.Identities), Next: p.Next, Total: p.Total}
	return listResponse{
		Data:       toResponses(p.Identities),
		Pagination: paginationResponse{pageInfo: figures, Pagination: figures, Results: []identityResponse{}},
	}
}

func toResponses(list []identity.Identity) []identityResponse {
	wires := make([]identityResponse, len(list))
	for n := range list {
		wires[n] = toResponse(list[n])
	}
	return wires
}
