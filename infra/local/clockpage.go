package main

import (
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"cedula/infra/clock"
)

// clockRequest moves a tenant's time. Without a tenant it is the sandbox's.
type clockRequest struct {
	Tenant  string `json:"tenant"`
	Advance string `json:"advance"`
}

// clockAnswer is a tenant's time.
type clockAnswer struct {
	Tenant string    `json:"tenant"`
	Ahead  string    `json:"ahead"`
	Now    time.Time `json:"now"`
}

// clockHandler tells a tenant's time and moves it forward.
func clockHandler(c *clock.Clock) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /clock", func(w http.ResponseWriter, r *http.Request) {
		tellTime(w, c, r.URL.Query().Get("tenant"))
	})
	mux.HandleFunc("POST /clock", func(w http.ResponseWriter, r *http.Request) {
		if stranger(r) {
			http.Error(w, "a page of another site does not move the time", http.StatusForbidden)
			return
		}
		var asked clockRequest
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&asked); err != nil {
			http.Error(w, `the body must be such as {"advance":"168h"}`, http.StatusBadRequest)
			return
		}
		if !tenantName.MatchString(tenantOr(asked.Tenant)) {
			http.Error(w, "tenant must be the name of one", http.StatusBadRequest)
			return
		}
		by, err := time.ParseDuration(asked.Advance)
		if err != nil {
			http.Error(w, "advance must be a duration such as 168h", http.StatusBadRequest)
			return
		}
		if _, err := c.Advance(tenantOr(asked.Tenant), by); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		tellTime(w, c, asked.Tenant)
	})
	return mux
}

// tenantName is what a tenant can be called.
var tenantName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// stranger tells a request that a browser sends for a page from elsewhere.
func stranger(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	origin := r.Header.Get("Origin")
	return site != "" && site != "same-origin" && site != "none" || origin != "" && origin != "http://"+r.Host
}

func tenantOr(asked string) string {
	if asked == "" {
		return sandboxTenant
	}
	return asked
}

func tellTime(w http.ResponseWriter, c *clock.Clock, tenant string) {
	tenant = tenantOr(tenant)
	ahead := c.Ahead(tenant)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(clockAnswer{tenant, ahead.String(), time.Now().Add(ahead).UTC().Truncate(time.Second)})
}
