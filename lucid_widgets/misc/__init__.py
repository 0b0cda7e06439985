"""What everything else stands on: files, pictures, sprite sheets, small array tools.

Nothing here imports TensorFlow (a GraphDef is the one exception, when it is read or
written) and nothing here knows about models.
"""
