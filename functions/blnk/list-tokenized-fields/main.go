// Command list-tokenized-fields serves GET /identities/{id}/tokenized-fields of the Blnk API.
package main

import "cedula/shared/boot/blnk"

func main() { blnk.Start("list-tokenized-fields") }
