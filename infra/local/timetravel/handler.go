package timetravel

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
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
	mux := http.NewServeMux()
	mux.HandleFunc("GET /clock", func(w http.ResponseWriter, r *http.Request) {
		writeTime(w, c, cmp.Or(r.URL.Query().Get("tenant"), defaultTenant))
	})
	mux.HandleFunc("POST /clock", func(w http.ResponseWriter, r *http.Request) {
		if http.NewCrossOriginProtection().Check(r) != nil {
			http.Error(w, "a page of another site does not move the time", http.StatusForbidden)
			return
		}
		tenant, err := advance(c, defaultTenant, http.MaxBytesReader(w, r.Body, 1<<10))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		writeTime(w, c, tenant)
	})
	return mux
}

// advance moves the time of the tenant that a request's body names, or of the default tenant, and returns which.
func advance(c *Clock, defaultTenant string, body io.Reader) (tenant string, err error) {
	var request clockRequest
	if err := json.NewDecoder(body).Decode(&request); err != nil {
		return "", errors.New(`the body must be such as {"advance":"168h"}`)
	}
	tenant = cmp.Or(request.Tenant, defaultTenant)
	if !tenantPattern.MatchString(tenant) {
		return "", errors.New("tenant must be the name of one")
	}
	by, err := time.ParseDuration(request.Advance)
	if err != nil {
		return "", errors.New("advance must be a duration such as 168h")
	}
	_, err = c.Advance(tenant, by)
	return tenant, err
}

func writeTime(w http.ResponseWriter, c *Clock, tenant string) {
	offset := c.Offset(tenant)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(clockResponse{tenant, offset.String(), time.Now().Add(offset).UTC().Truncate(time.Second)})
}
