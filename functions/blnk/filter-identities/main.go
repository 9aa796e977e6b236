// Command filter-identities serves POST /identities/filter of the Blnk API.
package main

import "cedula/shared/boot/blnk"

func main() { blnk.Start("filter-identities") }
