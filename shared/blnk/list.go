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
	"cedula/shared/registry"
	"cedula/shared/strictjson"
)

// Limits of a page.
const (
	defaultLimit  = 20 // as Blnk has it; where Blnk lists everything, a page is maxLimit
	maxLimit      = 100
	maxOffset     = 10_000
	maxQueryBytes = 6000 // bytes of filters in a URL: a cursor carries them, and must go into one too
)

// listParams is what a client asks of a list.
type listParams struct {
	Conditions   []condition
	Any          bool   // one condition suffices
	SortBy       string // a member; empty: created_at
	Ascending    bool
	limit        int
	offset       int
	includeCount bool
	filterQuery  string // the filters of a URL, for the next page's link
	fromBody     bool   // the filters came in a body
}

// fingerprint tells one list from another: its filters and order.
func (l *listParams) fingerprint() string {
	sum := sha256.Sum256(strictjson.Encode(l))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// ListIdentities serves GET /identities: the newest first, in pages, narrowed
// by parameters such as country_eq. The header Link says where it goes on.
func (a *API) ListIdentities(r *gateway.Request) (gateway.Response, error) {
	l, err := parseListQuery(r.Query)
	if err != nil {
		return gateway.Response{}, err
	}
	text, err := cursorParam(r.Query)
	if err != nil {
		return gateway.Response{}, err
	}
	if text == "" {
		return a.list(r, l, registry.Cursor{Skip: l.offset})
	}
	at, err := a.Cursors.decrypt(r.Caller.Tenant, r.Operation, text)
	if err != nil {
		return gateway.Response{}, err
	}
	if len(l.Conditions) == 0 && at.Query != "" {
		if r.Query.Has("logical_operator") {
			return gateway.Response{}, errOperatorWithCursor
		}
		if l, err = parseCursorQuery(at.Query, r.Query.Get("limit")); err != nil {
			return gateway.Response{}, err
		}
	}
	return a.resume(r, l, at)
}

// cursorParam is the cursor of a request; empty if none was sent. One that was sent
// empty is refused: its client would begin anew and not know it.
func cursorParam(q url.Values) (string, error) {
	switch sent := q["cursor"]; {
	case len(sent) > 1:
		return "", invalidParamError("cursor must be sent once")
	case len(sent) == 1 && sent[0] == "":
		return "", errInvalidCursor
	}
	return q.Get("cursor"), nil
}

// parseCursorQuery is the list of a cursor that is followed without its filters.
func parseCursorQuery(query, limit string) (listParams, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return listParams{}, errInvalidCursor
	}
	if limit != "" {
		values.Set("limit", limit)
	}
	return parseListQuery(values)
}

// FilterIdentities serves POST /identities/filter. The header Link says where
// it goes on: the same body is to be sent there. The body's offset is for the
// first page only.
func (a *API) FilterIdentities(r *gateway.Request) (gateway.Response, error) {
	var body filterRequest
	if err := decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	if err := rejectBodyParams(r.Query); err != nil {
		return gateway.Response{}, err
	}
	l, err := body.listParams()
	if err != nil {
		return gateway.Response{}, err
	}
	text, err := cursorParam(r.Query)
	if err != nil {
		return gateway.Response{}, err
	}
	if text == "" {
		return a.list(r, l, registry.Cursor{Skip: l.offset})
	}
	at, err := a.Cursors.decrypt(r.Caller.Tenant, r.Operation, text)
	if err != nil {
		return gateway.Response{}, err
	}
	return a.resume(r, l, at)
}

// bodyParams are the members of a filter's body that are no filters.
var bodyParams = []string{"filters", "logical_operator", "limit", "offset", "sort_by", "sort_order", "include_count"}

// rejectBodyParams refuses what stands in the URL where it is read from the body:
// everything of a list but its cursor.
func rejectBodyParams(q url.Values) error {
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if _, _, isFilter := splitParameter(name); isFilter || slices.Contains(bodyParams, name) {
			return invalidParamError(safeName(name) + " must stand in the body")
		}
	}
	return nil
}

func (a *API) resume(r *gateway.Request, l listParams, at cursor) (gateway.Response, error) {
	if l.fingerprint() != at.Fingerprint {
		return gateway.Response{}, errCursorMismatch
	}
	return a.list(r, l, at.scanCursor())
}

type countedListResponse struct {
	Data  []identityResponse `json:"data"`
	Total int                `json:"total_count"`
}

func (a *API) list(r *gateway.Request, l listParams, at registry.Cursor) (gateway.Response, error) {
	search := l.toQuery(a.Identities)
	search.Tenant, search.Cursor = r.Caller.Tenant, at
	for n := range search.Indexes {
		search.Indexes[n].Tenant = r.Caller.Tenant
	}
	found, err := a.Identities.Search(r.Context(), search)
	if err != nil {
		return gateway.Response{}, err
	}
	wires := make([]identityResponse, len(found.Identities))
	for n := range found.Identities {
		wires[n] = toResponse(found.Identities[n])
	}
	body := strictjson.Encode(wires)
	if l.includeCount {
		body = strictjson.Encode(countedListResponse{wires, found.Total})
	}
	answer := gateway.JSON(http.StatusOK, body)
	if found.Next != nil {
		answer = answer.WithHeader("Link", a.nextLink(r, l, *found.Next))
	}
	return answer, nil
}

// nextLink is the link to the next page (RFC 8288): a reference relative to the
// request's own URL, since the stage before its path is not known here. A list
// whose filters came in a body has its limit there too.
func (a *API) nextLink(r *gateway.Request, l listParams, at registry.Cursor) string {
	link := "<?cursor=" + a.Cursors.encrypt(r.Caller.Tenant, r.Operation, newCursor(at, l.filterQuery, l.fingerprint()))
	if !l.fromBody {
		link += "&limit=" + strconv.Itoa(l.limit)
	}
	return link + `>; rel="next"`
}

// toQuery is what the core is to look for. What the conditions say of ids,
// emails, phones and the time of creation narrows what is read.
func (l *listParams) toQuery(s *registry.Registry) registry.Query {
	q := registry.Query{Limit: l.limit, Ascending: l.Ascending, CountTotal: l.includeCount}
	if l.SortBy != "" && l.SortBy != "created_at" {
		q.SortBy = columns[l.SortBy].value
	}
	if len(l.Conditions) == 0 {
		return q
	}
	tests := make([]func(*identity.Identity) bool, len(l.Conditions))
	for n := range l.Conditions {
		tests[n] = l.Conditions[n].predicate(s)
	}
	q.Match = func(i *identity.Identity) bool {
		for _, fits := range tests {
			if fits(i) == l.Any {
				return l.Any
			}
		}
		return !l.Any
	}
	l.useIndexes(&q)
	return q
}
