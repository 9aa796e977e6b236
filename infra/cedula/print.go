package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// view is something to print: as JSON, or as lines for a person.
type view interface{ lines(w *tabwriter.Writer) }

// print writes a view. What cannot be written has no reader.
func (c *cli) print(v view) {
	if c.json {
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			panic("cedula: a view that is no JSON: " + err.Error())
		}
		_, _ = fmt.Fprintf(c.out, "%s\n", text)
		return
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	v.lines(w)
	_ = w.Flush()
}

func row(w *tabwriter.Writer, columns ...any) {
	texts := make([]string, len(columns))
	for n, c := range columns {
		texts[n] = fmt.Sprint(c)
	}
	_, _ = fmt.Fprintln(w, strings.Join(texts, "\t"))
}

// client is one as shown.
type client struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Tenant  string    `json:"tenant"`
	Scopes  []string  `json:"scopes"`
	State   string    `json:"state"`
	Mode    string    `json:"mode"`
	Stage   string    `json:"stage"`
	Rate    float64   `json:"rate"`
	Burst   int       `json:"burst"`
	Quota   int       `json:"quota"`
	Steps   string    `json:"steps"`
	Life    string    `json:"pendingLife"`
	Secrets int       `json:"liveSecrets"`
	Created time.Time `json:"created"`
}

func (c client) lines(w *tabwriter.Writer) {
	row(w, "client", c.ID)
	row(w, "name", c.Name)
	row(w, "tenant", c.Tenant)
	row(w, "scopes", strings.Join(c.Scopes, " "))
	row(w, "state", c.State+", "+c.Mode+", "+c.Stage)
	row(w, "limits", c.limits())
	row(w, "new identities", c.policy())
	row(w, "live secrets", c.Secrets)
	row(w, "created", moment(c.Created))
}

func (c client) limits() string {
	if c.Rate == 0 && c.Burst == 0 && c.Quota == 0 {
		return "the registry's own"
	}
	return fmt.Sprintf("%g a second, %d at once, %d a day (0: the registry's own)", c.Rate, c.Burst, c.Quota)
}

func (c client) policy() string {
	return cmp.Or(c.Steps, "what is usual") + ", pending for " + cmp.Or(c.Life, "168h") + " at most"
}

type clientList []client

func (l clientList) lines(w *tabwriter.Writer) {
	row(w, "CLIENT", "NAME", "TENANT", "STATE", "STAGE", "CREATED")
	for _, c := range l {
		row(w, c.ID, c.Name, c.Tenant, c.State, c.Stage, moment(c.Created))
	}
}

type createdClient struct {
	client
	Secret    string `json:"clientSecret"`
	ConomyKey string `json:"conomyKey"`
	BlnkKey   string `json:"blnkKey"`
}

const shownOnce = "\nThis is the only time that they are shown. Keep them as you keep passwords."

func (c createdClient) lines(w *tabwriter.Writer) {
	c.client.lines(w)
	row(w, "client secret", c.Secret)
	row(w, "x-api-key", c.ConomyKey)
	row(w, "X-blnk-key", c.BlnkKey)
	row(w, shownOnce)
}

// key is one as shown.
type key struct {
	ID      string    `json:"id"`
	Client  string    `json:"client"`
	Use     string    `json:"use"`
	Name    string    `json:"name"`
	Owner   string    `json:"owner,omitempty"`
	Maker   string    `json:"maker,omitempty"` // the key that made it; empty: an operator did
	Scopes  []string  `json:"scopes"`          // null: the client's
	State   string    `json:"state"`
	Expires time.Time `json:"expires,omitzero"`
	Revoked time.Time `json:"revoked,omitzero"`
	Created time.Time `json:"created"`
	end     time.Time // from when on it is refused, however that came about
}

func (k key) lines(w *tabwriter.Writer) {
	row(w, "key", k.ID)
	row(w, "client", k.Client)
	row(w, "use", k.Use)
	row(w, "scopes", k.scopes())
	row(w, "expires", moment(k.Expires))
}

func (k key) scopes() string {
	if k.Scopes == nil {
		return "the client's"
	}
	return strings.Join(k.Scopes, " ")
}

// maker: a key that has an owner was made by a key, also where it was made before
// that was kept.
func (k key) maker() string {
	if k.Maker == "" && k.Owner != "" {
		return "a key"
	}
	return cmp.Or(k.Maker, "operator")
}

type keyList []key

func (l keyList) lines(w *tabwriter.Writer) {
	row(w, "KEY", "USE", "NAME", "STATE", "SCOPES", "ENDS", "CREATED", "OWNER", "MADE BY")
	for _, k := range l {
		row(w, k.ID, k.Use, k.Name, k.State, k.scopes(), moment(k.end), moment(k.Created), cmp.Or(k.Owner, "-"), k.maker())
	}
}

type createdKey struct {
	key
	Text string  `json:"key"`
	Old  *oldKey `json:"old,omitempty"`
}

// oldKey is the one in whose place a key was made.
type oldKey struct {
	ID        string    `json:"id"`
	GoodUntil time.Time `json:"goodUntil"`
	RefusedBy time.Time `json:"refusedBy"` // also where it is remembered
}

func (k createdKey) lines(w *tabwriter.Writer) {
	k.key.lines(w)
	row(w, "text", k.Text)
	if k.Old != nil {
		row(w, "old key", k.Old.ID+" is good until "+moment(k.Old.GoodUntil)+" and refused everywhere by "+moment(k.Old.RefusedBy))
	}
	row(w, "\nThis is the only time that it is shown. Keep it as you keep a password.")
}

type createdSecret struct {
	Client string      `json:"client"`
	Secret string      `json:"clientSecret"`
	Old    []oldSecret `json:"old"` // those that were good, the oldest first
}

type oldSecret struct {
	GoodUntil time.Time `json:"goodUntil"`
}

func (s createdSecret) lines(w *tabwriter.Writer) {
	row(w, "client", s.Client)
	row(w, "client secret", s.Secret)
	for _, old := range s.Old {
		row(w, "old secret", "is good until "+moment(old.GoodUntil)+"; its tokens for an hour more")
	}
	row(w, "\nThis is the only time that it is shown. Keep it as you keep a password.")
}

// changed says what became of something, and by when everybody has seen it.
type changed struct {
	What   string    `json:"what"`
	ID     string    `json:"id"`
	State  string    `json:"state"`
	SeenBy time.Time `json:"seenBy"`
}

func (c changed) lines(w *tabwriter.Writer) {
	row(w, c.What, c.ID)
	row(w, "state", c.State)
	row(w, "seen by", moment(c.SeenBy)+", also where it is remembered")
}

// changedKey is a key and those made by it that were changed with it.
type changedKey struct {
	changed
	Made []string `json:"made,omitempty"`
}

func (c changedKey) lines(w *tabwriter.Writer) {
	c.changed.lines(w)
	for _, id := range c.Made {
		row(w, "made by it", id)
	}
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}
