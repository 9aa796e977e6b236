package main

import (
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"cedula/infra/local/timetravel"
)

// clockRequest moves a tenant's time. Without a tenant it is the sandbox's.
type clockRequest struct {
	Tenant  string `json:"tenant"`
	Advance string `json:"advance"`
}

// clockResponse is a tenant's time.
type clockResponse struct {
	Tenant string    `json:"tenant"`
	Offset string    `json:"ahead"`
	Now    time.Time `json:"now"`
}

// clockHandler tells a tenant's time and moves it forward.
func clockHandler(c *timetravel.Clock) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /clock", func(w http.ResponseWriter, r *http.Request) {
		writeTime(w, c, r.URL.Query().Get("tenant"))
	})
	mux.HandleFunc("POST /clock", func(w http.ResponseWriter, r *http.Request) {
		if isCrossSite(r) {
			http.Error(w, "a page of another site does not move the time", http.StatusForbidden)
			return
		}
		var asked clockRequest
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&asked); err != nil {
			http.Error(w, `the body must be such as {"advance":"168h"}`, http.StatusBadRequest)
			return
		}
		if !tenantPattern.MatchString(tenantOrSandbox(asked.Tenant)) {
			http.Error(w, "tenant must be the name of one", http.StatusBadRequest)
			return
		}
		by, err := time.ParseDuration(asked.Advance)
		if err != nil {
			http.Error(w, "advance must be a duration such as 168h", http.StatusBadRequest)
			return
		}
		if _, err := c.Advance(tenantOrSandbox(asked.Tenant), by); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		writeTime(w, c, asked.Tenant)
	})
	return mux
}

// tenantPattern is what a tenant can be called.
var tenantPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// isCrossSite tells a request that a browser sends for a page from elsewhere.
func isCrossSite(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	origin := r.Header.Get("Origin")
	return site != "" && site != "same-origin" && site != "none" || origin != "" && origin != "http://"+r.Host
}

func tenantOrSandbox(asked string) string {
	if asked == "" {
		return sandboxTenant
	}
	return asked
}

func writeTime(w http.ResponseWriter, c *timetravel.Clock, tenant string) {
	tenant = tenantOrSandbox(tenant)
	ahead := c.Offset(tenant)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(clockResponse{tenant, ahead.String(), time.Now().Add(ahead).UTC().Truncate(time.Second)})
}
