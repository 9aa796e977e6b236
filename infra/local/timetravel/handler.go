package timetravel

import (
	"encoding/json"
	"net/http"
	"regexp"
	"time"
)

// clockRequest moves a tenant's time.
type clockRequest struct {
	Tenant  string `json:"tenant"` // empty: the default tenant
	Advance string `json:"advance"`
}

type clockResponse struct {
	Tenant string    `json:"tenant"`
	Offset string    `json:"ahead"`
	Now    time.Time `json:"now"`
}

// tenantPattern matches the names that a tenant can have.
var tenantPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// Handler shows and moves a tenant's time: GET and POST /clock. Requests that name no tenant are about defaultTenant.
func Handler(c *Clock, defaultTenant string) http.Handler {
	h := handler{c, defaultTenant}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /clock", h.show)
	mux.HandleFunc("POST /clock", h.advance)
	return mux
}

type handler struct {
	clock         *Clock
	defaultTenant string
}

func (h handler) show(w http.ResponseWriter, r *http.Request) {
	h.writeTime(w, h.tenant(r.URL.Query().Get("tenant")))
}

func (h handler) advance(w http.ResponseWriter, r *http.Request) {
	if isCrossSite(r) {
		http.Error(w, "a page of another site does not move the time", http.StatusForbidden)
		return
	}
	var request clockRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&request); err != nil {
		http.Error(w, `the body must be such as {"advance":"168h"}`, http.StatusBadRequest)
		return
	}
	tenant := h.tenant(request.Tenant)
	if !tenantPattern.MatchString(tenant) {
		http.Error(w, "tenant must be the name of one", http.StatusBadRequest)
		return
	}
	by, err := time.ParseDuration(request.Advance)
	if err != nil {
		http.Error(w, "advance must be a duration such as 168h", http.StatusBadRequest)
		return
	}
	if _, err := h.clock.Advance(tenant, by); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.writeTime(w, tenant)
}

func (h handler) tenant(name string) string {
	if name == "" {
		return h.defaultTenant
	}
	return name
}

func (h handler) writeTime(w http.ResponseWriter, tenant string) {
	offset := h.clock.Offset(tenant)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(clockResponse{tenant, offset.String(), time.Now().Add(offset).UTC().Truncate(time.Second)})
}

// isCrossSite reports whether a browser sent the request for a page of another origin.
func isCrossSite(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	origin := r.Header.Get("Origin")
	return site != "" && site != "same-origin" && site != "none" || origin != "" && origin != "http://"+r.Host
}
