package blnk

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cedula/shared/gateway"
	"cedula/shared/registry"
	"cedula/shared/rest"
)

type countedListResponse struct {
	Data  []identityResponse `json:"data"`
	Total int                `json:"total_count"`
}

// listIdentities returns a page, newest first, filtered by parameters such as country_eq. The Link header refers to the
// next page.
func (a *API) listIdentities(r *gateway.Request) (gateway.Response, error) {
	l, err := parseListQuery(r.Query)
	if err != nil {
		return gateway.Response{}, err
	}
	at, err := a.cursorOf(r)
	if err != nil {
		return gateway.Response{}, err
	}
	if at != nil && at.Query != "" && len(l.Conditions) == 0 {
		if r.Query.Has("logical_operator") {
			return gateway.Response{}, errOperatorWithCursor
		}
		partial := l.partial
		l, err = parseCursorQuery(at.Query, r.Query.Get("limit"))
		if err != nil {
			return gateway.Response{}, err
		}
		l.partial = partial
	}
	return a.list(r, l, at)
}

// parseCursorQuery returns the list that a cursor belongs to, for a request without filters.
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

// filterIdentities returns a page. For the next page, the client sends the same body to the URL in the Link header. The
// offset is then ignored.
func (a *API) filterIdentities(r *gateway.Request, body *filterRequest) (gateway.Response, error) {
	if err := rejectBodyParams(r.Query); err != nil {
		return gateway.Response{}, err
	}
	l, err := body.listParams()
	if err != nil {
		return gateway.Response{}, err
	}
	if !l.setPartial(r.Query) {
		return gateway.Response{}, invalidParamError(partialMessage)
	}
	at, err := a.cursorOf(r)
	if err != nil {
		return gateway.Response{}, err
	}
	return a.list(r, l, at)
}

var bodyParams = []string{"filters", "logical_operator", "limit", "offset", "sort_by", "sort_order", "include_count"}

// rejectBodyParams rejects the parameters of a URL that belong in the body.
func rejectBodyParams(q url.Values) error {
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if _, _, isFilter := splitParameter(name); isFilter || slices.Contains(bodyParams, name) {
			return invalidParamError(safeName(name) + " must be in the body")
		}
	}
	return nil
}

// cursorOf returns the cursor of a request, or nil. An empty one is an error: the client would restart at page one.
func (a *API) cursorOf(r *gateway.Request) (*cursor, error) {
	sent := r.Query["cursor"]
	if len(sent) == 0 {
		return nil, nil
	}
	if len(sent) > 1 {
		return nil, invalidParamError("cursor must be sent once")
	}
	return a.Cursors.decrypt(r.Caller.Tenant, r.Operation, sent[0])
}

// list returns the page of a list that begins at a cursor, or the first one.
func (a *API) list(r *gateway.Request, l listParams, at *cursor) (gateway.Response, error) {
	q := l.query(a.Identities, r.Caller.Tenant)
	q.Cursor = registry.Cursor{Skip: l.offset}
	if at != nil {
		if l.fingerprint() != at.Fingerprint {
			return gateway.Response{}, errCursorMismatch
		}
		q.Cursor = at.scanCursor()
	}
	found, err := a.Identities.Search(r.Context(), q)
	if err != nil {
		return gateway.Response{}, err
	}
	if found.Partial && !l.partial {
		return gateway.Response{}, errPartial(found.Examined)
	}
	page := rest.Map(found.Identities, toResponse)
	response := rest.JSON(http.StatusOK, page)
	if l.includeCount {
		response = rest.JSON(http.StatusOK, countedListResponse{page, found.Total})
	}
	response = markTest(response, found.Identities...)
	if len(found.Unreadable) > 0 {
		r.LogUnreadable(found.Unreadable)
		response = response.WithHeader("Cedula-Unreadable", strings.Join(found.Unreadable, ", "))
	}
	if found.Next == nil {
		return response, nil
	}
	return response.WithHeader("Link", a.nextLink(r, l, *found.Next)), nil
}

// nextLink returns the link to the next page (RFC 8288), relative to the request's URL, whose stage is not known here.
// If the filters were in a body, the limit is there too.
func (a *API) nextLink(r *gateway.Request, l listParams, at registry.Cursor) string {
	link := "<?cursor=" + a.Cursors.encrypt(r.Caller.Tenant, r.Operation, newCursor(at, l.filterQuery, l.fingerprint()))
	if !l.fromBody {
		link += "&limit=" + strconv.Itoa(l.limit)
	}
	if l.partial {
		link += "&partial=true"
	}
	return link + `>; rel="next"`
}
