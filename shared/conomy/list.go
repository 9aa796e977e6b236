package conomy

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/rest"
	"cedula/shared/strictjson"
)

// Limits of a page.
const (
	defaultLimit = 20
	maxLimit     = 100
)

// listRequest holds the parameters of a list or the body of a search. All are strings, as in Conomy's contract, but the
// body may also have numbers.
type listRequest struct {
	Type           string          `json:"type"`
	Email          string          `json:"email"`
	DocumentNumber string          `json:"documentNumber"`
	Phone          string          `json:"phone"`
	Country        string          `json:"country"`
	Status         string          `json:"status"`
	ExternalID     string          `json:"externalId"`
	Parents        string          `json:"parents"`
	ScopeIdentity  string          `json:"scopeIdentity"`
	Limit          *stringOrNumber `json:"limit"`
	Next           *stringOrNumber `json:"next"`
	Offset         *stringOrNumber `json:"offset"`
	Sort           string          `json:"sort"`
}

// stringOrNumber is a whole number, or a string that holds one.
type stringOrNumber string

// UnmarshalJSON accepts a string or a number.
func (t *stringOrNumber) UnmarshalJSON(data []byte) error {
	switch v := strictjson.Value(data); v.Kind() {
	case '"':
		return strictjson.DecodeString(v, (*string)(t))
	case '0': // 20.0 is also a whole number
		whole, fraction, _ := strings.Cut(string(data), ".")
		if strings.Trim(fraction, "0") != "" {
			whole = string(data)
		}
		*t = stringOrNumber(whole)
	default:
		return &strictjson.Error{Reason: "must be a whole number"}
	}
	return nil
}

// parseListQuery reads the parameters. It ignores unknown ones and rejects duplicates.
func parseListQuery(q url.Values) (listRequest, error) {
	var l listRequest
	for _, p := range []struct {
		name   string
		text   *string
		number **stringOrNumber
	}{
		{"type", &l.Type, nil},
		{"email", &l.Email, nil},
		{"documentNumber", &l.DocumentNumber, nil},
		{"phone", &l.Phone, nil},
		{"country", &l.Country, nil},
		{"status", &l.Status, nil},
		{"externalId", &l.ExternalID, nil},
		{"parents", &l.Parents, nil},
		{"scopeIdentity", &l.ScopeIdentity, nil},
		{"limit", nil, &l.Limit},
		{"next", nil, &l.Next},
		{"offset", nil, &l.Offset},
		{"sort", &l.Sort, nil},
	} {
		values := q[p.name]
		if len(values) > 1 {
			return l, invalidField(p.name, "must be sent once")
		}
		if len(values) == 0 {
			continue
		}
		if p.text != nil {
			*p.text = values[0]
			continue
		}
		number := stringOrNumber(values[0])
		*p.number = &number
	}
	return l, nil
}

// listParams converts the request. It returns an *Invalid naming the parameter.
func (l *listRequest) listParams() (registry.ListParams, error) {
	limit, limitErr := parseInt("limit", l.Limit, 1, maxLimit)
	after, offsetErr := parseInt("offset", l.Offset, 0, 1<<53-1)
	next, nextErr := parseInt("next", l.Next, 0, 1<<53-1)
	if l.Next != nil {
		after = next
	}
	oldest, sortErr := parseSortOrder(l.Sort)
	return registry.ListParams{
		Filter: l.filter(), After: after, Limit: int(cmp.Or(limit, defaultLimit)), OldestFirst: oldest,
	}, cmp.Or(l.check(), limitErr, offsetErr, nextErr, sortErr)
}

func (l *listRequest) filter() registry.Filter {
	f := registry.Filter{
		Email: l.Email, Phone: l.Phone, DocumentNumber: l.DocumentNumber, ExternalID: l.ExternalID,
		Country: l.Country, Status: identity.Status(l.Status), ParentID: l.Parents, GrantedTo: l.ScopeIdentity,
	}
	if l.Type != "" {
		f.Kind = kindFromType(l.Type)
	}
	return f
}

func (l *listRequest) check() error {
	var documentErr error
	if l.DocumentNumber != "" {
		documentErr = checkDocumentNumber(l.DocumentNumber)
	}
	isID := func(text string) bool { return text == "" || identity.ValidID(text) }
	return cmp.Or(
		checkType(l.Type),
		checkCountry(l.Country),
		require(l.Status == "" || identity.Status(l.Status).Known(), "status", "must be a status such as ACTIVE"),
		documentErr,
		require(isID(l.Parents), "parents", "must be an identity's id"),
		require(isID(l.ScopeIdentity), "scopeIdentity", "must be an identity's id"),
	)
}

// parseInt parses a number, 0 if absent. It rejects "": a client that lost its cursor would start at page one.
func parseInt(name string, sent *stringOrNumber, least, most int64) (int64, error) {
	if sent == nil {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(*sent), 10, 64)
	if err != nil || n < least || n > most || strconv.FormatInt(n, 10) != string(*sent) {
		return 0, invalidField(name, fmt.Sprintf("must be a whole number from %d to %d", least, most))
	}
	return n, nil
}

// parseSortOrder reports whether the oldest identities come first.
func parseSortOrder(sort string) (bool, error) {
	switch sort {
	case "", "desc", "-createdAt":
		return false, nil
	case "asc", "createdAt":
		return true, nil
	}
	return false, invalidField("sort", "must be asc, desc, createdAt or -createdAt")
}

func (a *API) listIdentities(r *gateway.Request) (gateway.Response, error) {
	request, err := parseListQuery(r.Query)
	if err != nil {
		return gateway.Response{}, err
	}
	return a.list(r, &request)
}

// list serves POST /identities/search: the same list with its filters in the body, which keeps them out of URLs.
func (a *API) list(r *gateway.Request, request *listRequest) (gateway.Response, error) {
	listing, err := request.listParams()
	if err != nil {
		return gateway.Response{}, err
	}
	listing.Tenant = r.Caller.Tenant
	page, err := a.Identities.List(r.Context(), listing)
	if err != nil {
		return gateway.Response{}, err
	}
	if err := a.Identities.HideDanglingPermissions(r.Context(), r.Caller.Tenant, page.Identities); err != nil {
		return gateway.Response{}, err
	}
	r.LogUnreadable(page.Unreadable)
	return rest.JSON(http.StatusOK, toListResponse(page)), nil
}

// listResponse is Conomy's envelope, which repeats its four numbers.
type listResponse struct {
	Data       []identityResponse `json:"data"`
	Pagination paginationResponse `json:"pagination"`
	Unreadable []string           `json:"unreadable,omitempty"` // ids of identities whose records cannot be decoded
}

type paginationResponse struct {
	pageInfo
	Pagination pageInfo           `json:"pagination"`
	Results    []identityResponse `json:"results"`
}

// pageInfo has the cursor of the next page, 0 on the last. Lists only go forward, so previous is always 0.
type pageInfo struct {
	Count    int   `json:"count"`
	Next     int64 `json:"next"`
	Previous int64 `json:"previous"`
	Total    int   `json:"total"`

	TotalIsExact *bool `json:"totalIsExact,omitzero"` // false if Total is a lower bound, otherwise absent
}

func toListResponse(p registry.Page) listResponse {
	figures := pageInfo{Count: len(p.Identities), Next: p.Next, Total: p.Total}
	if !p.TotalIsExact {
		figures.TotalIsExact = &p.TotalIsExact
	}
	return listResponse{
		Data:       rest.Map(p.Identities, toResponse),
		Unreadable: p.Unreadable,
		Pagination: paginationResponse{pageInfo: figures, Pagination: figures, Results: []identityResponse{}},
	}
}
