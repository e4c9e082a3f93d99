"""The pipeline that makes nano: data, encoders, decoder, evaluation."""
