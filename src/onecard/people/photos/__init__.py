"""Portrait photos: decoded in a limited process, cropped to the face, written anew, checked for use."""
