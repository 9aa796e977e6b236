// Command list-identities serves GET /identities of the Blnk API.
package main

import "cedula/shared/boot/blnk"

func main() { blnk.Start("list-identities") }
