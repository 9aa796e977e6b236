package blnk

import (
	"errors"
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/rest"
	"cedula/shared/strictjson"
)

// metadataRequest is the body of POST /{id}/metadata: what is merged into an identity's
// metadata.
type metadataRequest struct {
	MetaData strictjson.Object `json:"meta_data"`
}

type metadataResponse struct {
	MetaData strictjson.Value `json:"meta_data"`
}

// UpdateMetadata handles POST /{id}/metadata: the fields sent replace those of their name,
// whole, and a null is stored as one. It returns all of them.
func (a *API) UpdateMetadata(r *gateway.Request) (gateway.Response, error) {
	if !identity.ValidID(r.Param("id")) {
		return gateway.Response{}, errInvalidEntityID
	}
	var body metadataRequest
	if err := dialect.Decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	if body.MetaData.Value == nil {
		return gateway.Response{}, &strictjson.Error{Field: "meta_data", Reason: "is required and must be an object"}
	}
	changed, err := a.changeIdentity(r, func(i *identity.Identity) error {
		i.Metadata = identity.JSON(strictjson.Merge(strictjson.Value(i.Metadata), body.MetaData.Value))
		return nil
	})
	if errors.Is(err, identity.ErrNotFound) {
		return gateway.Response{}, errEntityNotFound
	}
	if err != nil {
		return gateway.Response{}, err
	}
	return rest.WriteResponse(http.StatusOK, changed, metadataResponse{strictjson.Value(changed.Metadata)}), nil
}
