package local

import (
	"encoding/json"
	"io"
	"path/filepath"
	"text/template"

	"cedula/infra/local/datadir"
)

var bannerTemplate = template.Must(template.New("banner").Parse(`
Cedula is running. Data: {{.Data}}  (Ctrl-C stops it)

Conomy API        http://{{.Conomy}}  (with and without /sandbox)
  clientId      {{.C.ClientID}}
  clientSecret  {{.C.ClientSecret}}
  x-api-key     {{.C.ConomyKey}}
Blnk API          http://{{.Blnk}}
  X-blnk-key    {{.C.BlnkKey}}
Mailbox           http://{{.Mailbox}}  (the codes and reminders that people would receive)

Try it in another terminal. The commands can be repeated:

TOKEN=$(curl -s http://{{.Conomy}}/auth -H 'x-api-key: {{.C.ConomyKey}}' -H 'Content-Type: application/json' \
  -d '{"clientId":"{{.C.ClientID}}","clientSecret":"{{.C.ClientSecret}}"}' | sed 's/.*"accessToken":"\([^"]*\)".*/\1/')

curl -s http://{{.Conomy}}/sandbox/identities -H "Authorization: Bearer $TOKEN" -H 'x-api-key: {{.C.ConomyKey}}' \
  -H 'conomyhq-api-version: 24-04-2025' -H 'User-Agent: MyApp/1.0' -H 'Content-Type: application/json' -H 'Idempotency-Key: try-ana' \
  -d '{"type":"USER","name":"Ana Rojas","email":"ana@example.com","phone":"+56912345678","documentType":"RUT","documentNumber":"11111111-1","idv":"iv-1","country":"CHL"}'

curl -s http://{{.Blnk}}/identities -H 'X-blnk-key: {{.C.BlnkKey}}' -H 'Content-Type: application/json' -H 'Idempotency-Key: try-alice' \
  -d '{"identity_type":"individual","first_name":"Alice","last_name":"Smith","email_address":"alice@example.com"}'

`))

// addresses are where the servers listen, as host:port.
type addresses struct{ Conomy, Blnk, Mailbox string }

// printBanner prints where the APIs are, the sandbox client's credentials, and commands to paste; or as JSON, the
// addresses and the file with the credentials.
func printBanner(out io.Writer, asJSON bool, data *datadir.Dir, a addresses) {
	if asJSON {
		_ = json.NewEncoder(out).Encode(map[string]string{
			"data": data.Path(), "conomy": "http://" + a.Conomy, "blnk": "http://" + a.Blnk, "mailbox": "http://" + a.Mailbox,
			"envFile": filepath.Join(data.Path(), datadir.SandboxFile),
		})
		return
	}
	_ = bannerTemplate.Execute(out, map[string]any{
		"Data": data.Path(), "Conomy": a.Conomy, "Blnk": a.Blnk, "Mailbox": a.Mailbox, "C": data.Sandbox,
	})
}
