package conomy

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// Limits of a page.
const (
	defaultLimit = 20
	maxLimit     = 100
)

// listRequest is a list's filters and page, as query parameters or as the body
// of a search. All of them are texts, as in Conomy's own contract, but the body
// may also give the three numbers as numbers.
type listRequest struct {
	Type           string       `json:"type"`
	Email          string       `json:"email"`
	DocumentNumber string       `json:"documentNumber"`
	Phone          string       `json:"phone"`
	Country        string       `json:"country"`
	Status         string       `json:"status"`
	ExternalID     string       `json:"externalId"`
	Parents        string       `json:"parents"`
	ScopeIdentity  string       `json:"scopeIdentity"`
	Limit          textOrNumber `json:"limit"`
	Next           textOrNumber `json:"next"`
	Offset         textOrNumber `json:"offset"`
	Sort           string       `json:"sort"`
}

// textOrNumber is a whole number, also when it is written as a text.
type textOrNumber string

// UnmarshalJSON takes a string, a number or null.
func (t *textOrNumber) UnmarshalJSON(data []byte) error {
	switch v := strictjson.Value(data); v.Kind() {
	case '"':
		text, err := strconv.Unquote(string(data))
		*t = textOrNumber(text)
		return err
	case '0': // 20.0 is a whole number too
		whole, fraction, _ := strings.Cut(string(data), ".")
		if strings.Trim(fraction, "0") != "" {
			whole = string(data)
		}
		*t = textOrNumber(whole)
	case 'n':
	default:
		return &strictjson.Error{Reason: "must be a whole number"}
	}
	return nil
}

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

// listQuery reads the parameters. One that is not known passes; one that is
// sent twice does not, since nobody could say which is meant.
func listQuery(q url.Values) (listRequest, error) {
	var l listRequest
	for _, p := range []struct {
		name string
		into *string
	}{
		{"type", &l.Type},
		{"email", &l.Email},
		{"documentNumber", &l.DocumentNumber},
		{"phone", &l.Phone},
		{"country", &l.Country},
		{"status", &l.Status},
		{"externalId", &l.ExternalID},
		{"parents", &l.Parents},
		{"scopeIdentity", &l.ScopeIdentity},
		{"limit", (*string)(&l.Limit)},
		{"next", (*string)(&l.Next)},
		{"offset", (*string)(&l.Offset)},
		{"sort", &l.Sort},
	} {
		values := q[p.name]
		if len(values) > 1 {
			return l, &identity.Invalid{Field: identity.Field(p.name), Reason: "must be sent once"}
		}
		if len(values) == 1 {
			*p.into = values[0]
		}
	}
	return l, nil
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

// listing translates the request. It returns an *Invalid naming the parameter.
func (l *listRequest) listing() (identity.Listing, error) {
	if err := l.check(); err != nil {
		return identity.Listing{}, err
	}
	limit, err := number("limit", string(l.Limit), 1, maxLimit)
	if err != nil {
		return identity.Listing{}, err
	}
	if l.Limit == "" {
		limit = defaultLimit
	}
	cursor, name := l.Next, "next"
	if cursor == "" {
		cursor, name = l.Offset, "offset"
	}
	after, err := number(name, string(cursor), 0, 1<<53-1)
	if err != nil {
		return identity.Listing{}, err
	}
	oldest, err := oldestFirst(l.Sort)
	return identity.Listing{Filter: l.filter(), After: after, Limit: int(limit), Oldest: oldest}, err
}

func (l *listRequest) filter() identity.Filter {
	f := identity.Filter{
		Email: l.Email, Phone: l.Phone, DocumentNumber: l.DocumentNumber, ExternalID: l.ExternalID,
		Country: l.Country, Status: identity.Status(l.Status), ParentID: l.Parents, GrantedTo: l.ScopeIdentity,
	}
	if l.Type != "" {
		f.Kind = kindOf(l.Type)
	}
	return f
}

func (l *listRequest) check() error {
	if l.Type != "" && l.Type != typeUser && l.Type != typeOrganization {
		return errType
	}
	if l.Country != "" && !alpha3(l.Country) {
		return errCountry
	}
	if l.Status != "" && !identity.Status(l.Status).Known() {
		return &identity.Invalid{Field: "status", Reason: "must be a status such as ACTIVE"}
	}
	if l.DocumentNumber != "" && identity.NormalizeDocument(l.DocumentNumber) == "" {
		return errDocumentNumber
	}
	for _, id := range []struct {
		name identity.Field
		sent string
	}{{"parents", l.Parents}, {"scopeIdentity", l.ScopeIdentity}} {
		if id.sent != "" && !identity.ValidID(id.sent) {
			return &identity.Invalid{Field: id.name, Reason: "must be an identity's id"}
		}
	}
	return nil
}

var errDocumentNumber = &identity.Invalid{Field: identity.FieldDocumentNumber, Reason: "must hold letters or digits"}

func number(name, sent string, least, most int64) (int64, error) {
	if sent == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(sent, 10, 64)
	if err != nil || n < least || n > most || strconv.FormatInt(n, 10) != sent {
		return 0, &identity.Invalid{
			Field:  identity.Field(name),
			Reason: "must be a whole number from " + strconv.FormatInt(least, 10) + " to " + strconv.FormatInt(most, 10),
		}
	}
	return n, nil
}

// oldestFirst reads the order by creation. The newest come first unless the
// client says otherwise.
func oldestFirst(sort string) (bool, error) {
	switch sort {
	case "", "desc", "-createdAt":
		return false, nil
	case "asc", "createdAt":
		return true, nil
	}
	return false, &identity.Invalid{Field: "sort", Reason: "must be asc, desc, createdAt or -createdAt"}
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
