package blnk

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// Limits of a page.
const (
	defaultLimit = 20 // as Blnk has it; where Blnk lists everything, a page is maxLimit
	maxLimit     = 100
	maxOffset    = 10_000
	maxQuery     = 6000 // bytes of filters in a URL: a cursor carries them, and must go into one too
)

// listing is what a client asks of a list.
type listing struct {
	Conditions []condition
	Any        bool   // one condition suffices
	SortBy     string // a member; empty: created_at
	Ascending  bool
	limit      int
	offset     int
	count      bool
	query      string // the filters of a URL, for the next page's link
	posted     bool   // the filters came in a body
}

// print tells one list from another: its filters and order.
func (l *listing) print() string {
	sum := sha256.Sum256(strictjson.Encode(l))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// ListIdentities serves GET /identities: the newest first, in pages, narrowed
// by parameters such as country_eq. The header Link says where it goes on.
func (a *API) ListIdentities(r *gateway.Request) (gateway.Response, error) {
	l, err := listQuery(r.Query)
	if err != nil {
		return gateway.Response{}, err
	}
	text, err := sentCursor(r.Query)
	if err != nil {
		return gateway.Response{}, err
	}
	if text == "" {
		return a.list(r, l, identity.Position{Skip: l.offset})
	}
	at, err := a.Cursors.open(r.Caller.Tenant, r.Operation, text)
	if err != nil {
		return gateway.Response{}, err
	}
	if len(l.Conditions) == 0 && at.Query != "" {
		if r.Query.Has("logical_operator") {
			return gateway.Response{}, errOperatorAlone
		}
		if l, err = resumed(at.Query, r.Query.Get("limit")); err != nil {
			return gateway.Response{}, err
		}
	}
	return a.resume(r, l, at)
}

// sentCursor is the cursor of a request; empty if none was sent. One that was sent
// empty is refused: its client would begin anew and not know it.
func sentCursor(q url.Values) (string, error) {
	switch sent := q["cursor"]; {
	case len(sent) > 1:
		return "", invalid("cursor must be sent once")
	case len(sent) == 1 && sent[0] == "":
		return "", errCursor
	}
	return q.Get("cursor"), nil
}

// resumed is the list of a cursor that is followed without its filters.
func resumed(query, limit string) (listing, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return listing{}, errCursor
	}
	if limit != "" {
		values.Set("limit", limit)
	}
	return listQuery(values)
}

// FilterIdentities serves POST /identities/filter. The header Link says where
// it goes on: the same body is to be sent there. The body's offset is for the
// first page only.
func (a *API) FilterIdentities(r *gateway.Request) (gateway.Response, error) {
	var body filterRequest
	if err := decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	if err := cursorAlone(r.Query); err != nil {
		return gateway.Response{}, err
	}
	l, err := body.listing()
	if err != nil {
		return gateway.Response{}, err
	}
	text, err := sentCursor(r.Query)
	if err != nil {
		return gateway.Response{}, err
	}
	if text == "" {
		return a.list(r, l, identity.Position{Skip: l.offset})
	}
	at, err := a.Cursors.open(r.Caller.Tenant, r.Operation, text)
	if err != nil {
		return gateway.Response{}, err
	}
	return a.resume(r, l, at)
}

// inBody are the members of a filter's body that are no filters.
var inBody = []string{"filters", "logical_operator", "limit", "offset", "sort_by", "sort_order", "include_count"}

// cursorAlone refuses what stands in the URL where it is read from the body:
// everything of a list but its cursor.
func cursorAlone(q url.Values) error {
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if _, _, isFilter := splitParameter(name); isFilter || slices.Contains(inBody, name) {
			return invalid(spoken(name) + " must stand in the body")
		}
	}
	return nil
}

func (a *API) resume(r *gateway.Request, l listing, at cursor) (gateway.Response, error) {
	if l.print() != at.Print {
		return gateway.Response{}, errOtherCursor
	}
	return a.list(r, l, at.position())
}

type countedWire struct {
	Data  []identityWire `json:"data"`
	Total int            `json:"total_count"`
}

func (a *API) list(r *gateway.Request, l listing, at identity.Position) (gateway.Response, error) {
	search := l.search(a.Identities)
	search.Tenant, search.At = r.Caller.Tenant, at
	for n := range search.Sources {
		search.Sources[n].Tenant = r.Caller.Tenant
	}
	found, err := a.Identities.Search(r.Context(), search)
	if err != nil {
		return gateway.Response{}, err
	}
	wires := make([]identityWire, len(found.Identities))
	for n := range found.Identities {
		wires[n] = toWire(found.Identities[n])
	}
	body := strictjson.Encode(wires)
	if l.count {
		body = strictjson.Encode(countedWire{wires, found.Total})
	}
	answer := gateway.JSON(http.StatusOK, body)
	if found.Next != nil {
		answer = answer.With("Link", a.next(r, l, *found.Next))
	}
	return answer, nil
}

// next is the link to the next page (RFC 8288): a reference relative to the
// request's own URL, since the stage before its path is not known here. A list
// whose filters came in a body has its limit there too.
func (a *API) next(r *gateway.Request, l listing, at identity.Position) string {
	link := "<?cursor=" + a.Cursors.seal(r.Caller.Tenant, r.Operation, newCursor(at, l.query, l.print()))
	if !l.posted {
		link += "&limit=" + strconv.Itoa(l.limit)
	}
	return link + `>; rel="next"`
}

// search is what the core is to look for. What the conditions say of ids,
// emails, phones and the time of creation narrows what is read.
func (l *listing) search(s *identity.Service) identity.Search {
	q := identity.Search{Limit: l.limit, Ascending: l.Ascending, Count: l.count}
	if l.SortBy != "" && l.SortBy != "created_at" {
		q.SortBy = columns[l.SortBy].text
	}
	if len(l.Conditions) == 0 {
		return q
	}
	tests := make([]func(*identity.Identity) bool, len(l.Conditions))
	for n := range l.Conditions {
		tests[n] = l.Conditions[n].test(s)
	}
	q.Fits = func(i *identity.Identity) bool {
		for _, fits := range tests {
			if fits(i) == l.Any {
				return l.Any
			}
		}
		return !l.Any
	}
	l.narrow(&q)
	return q
}
